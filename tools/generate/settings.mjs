// Writes docs/generated/settings.md from the settings classes of the services, of the all-in-one and of the migration.
import 'reflect-metadata';
import { getMetadataStorage } from 'class-validator';
import { services } from '@podway/contracts';
import { CommonSettings, settingsOf } from '@podway/service-kit';
import { AllInOneSettings } from '../../apps/podway/dist/all-in-one.config.js';
import { MigrateSettings } from '../../apps/podway/dist/migrate.config.js';
import { classDocs, propertyDoc } from './class-docs.mjs';
import { markdownTable } from './markdown-table.mjs';
import { writeOrCheck } from './write-or-check.mjs';

const docs = await classDocs([
  'libs/service-kit/src',
  ...services.map((name) => `apps/${name}/src`),
  'apps/podway/src',
]);

/** What a value must be, out of the validation rules. */
function allowed(type, { key, kind }) {
  const rules = getMetadataStorage()
    .getTargetValidationMetadatas(type, '', true, false)
    .filter((rule) => rule.propertyName === key);
  const of = (name) => rules.find((rule) => rule.name === name)?.constraints?.[0];
  const [min, max, oneOf] = [of('min'), of('max'), of('isIn')];
  if (kind === 'boolean') return '`true`, `false`';
  if (kind === 'text') return oneOf ? oneOf.map((value) => `\`${value}\``).join(', ') : 'text';
  if (min === undefined && max === undefined) return 'whole number';
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}

function row(type, setting) {
  const description = propertyDoc(docs, type.name, setting.key);
  if (!description)
    throw new Error(`${type.name}.${setting.key} needs a doc comment: the settings page shows it`);
  const value = new type()[setting.key];
  const optional = getMetadataStorage()
    .getTargetValidationMetadatas(type, '', true, false)
    .some((rule) => rule.propertyName === setting.key && rule.type === 'conditionalValidation');
  const preset = value === undefined ? (optional ? 'none' : '**required**') : `\`${value}\``;
  return [
    `\`${setting.variable}\``,
    allowed(type, setting),
    preset,
    description + (setting.secret ? ' Secret.' : ''),
  ];
}

function table(type, settings = settingsOf(type)) {
  return markdownTable(
    ['Variable', 'Value', 'Default', 'Meaning'],
    settings.map((setting) => row(type, setting)),
  );
}

const common = new Set(settingsOf(CommonSettings).map((setting) => setting.variable));
const sections = [];
const plain = [];
for (const name of services) {
  const { service } = await import(`@podway/${name}`);
  const own = settingsOf(service.settings).filter((setting) => !common.has(setting.variable));
  if (own.length === 0) plain.push(name);
  else sections.push(`## ${name}`, table(service.settings, own));
}

await writeOrCheck(
  'docs/generated/settings.md',
  [
    '<!-- Generated from the settings classes by tools/generate/settings.mjs. Do not edit. -->',
    '# Settings',
    'Settings are environment variables. A process reads them once, when it starts, and ends with exit code 2 and the ' +
      'name of each variable that is wrong. An empty variable counts as unset. Names that end in `_MS` are milliseconds, ' +
      'those in `_BYTES` bytes.',
    '## Every service',
    table(CommonSettings),
    `These have no settings besides: ${plain.join(', ')}.`,
    ...sections,
    '## podway, the all-in-one',
    'These come first; the settings of all services above hold in it besides.',
    table(AllInOneSettings),
    '## The migration',
    'Of `npm run migrate`, which runs once before the services start.',
    table(MigrateSettings),
  ]
    .join('\n\n')
    .concat('\n'),
);
