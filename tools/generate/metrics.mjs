// Writes docs/generated/metrics.md from the list of metrics that the services are made with.
import { labels, metricList } from '@podway/telemetry';
import { markdownTable } from './markdown-table.mjs';
import { writeOrCheck } from './write-or-check.mjs';

const exporters = {
  'saga-coordinator': 'Of the saga-coordinator',
  'ingress-gateway': 'Of the ingress-gateway',
  workers: 'Of workers',
  consumers: 'Of all services that take messages',
  all: 'Of all services that publish',
};

const code = (text) => `\`${text}\``;

function sectionOf([by, title]) {
  const rows = Object.entries(metricList)
    .filter(([, metric]) => metric.by === by)
    .map(([name, { type, labels: used, help }]) => [code(name), type, used.map(code).join(', '), help]);
  return [`## ${title}`, markdownTable(['Metric', 'Type', 'Labels', 'Meaning'], rows)];
}

await writeOrCheck(
  'docs/generated/metrics.md',
  [
    '<!-- Generated from libs/telemetry/src/metric-list.ts by tools/generate/metrics.mjs. Do not edit. -->',
    '# Metrics',
    'Every metric has the label `service` besides. Times are seconds. What they are for: [monitoring](../monitoring.md). ' +
      'Each process also tells about itself: `process_*` and `nodejs_*`.',
    ...Object.entries(exporters).flatMap(sectionOf),
    '## Labels',
    markdownTable(
      ['Label', 'Values'],
      Object.entries(labels).map(([label, values]) => [code(label), values]),
    ),
  ]
    .join('\n\n')
    .concat('\n'),
);
