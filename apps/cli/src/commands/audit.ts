import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { AuditRecord, validated, type AuditHead, type AuditVerificationView } from '@podway/contracts';
import { AuditChainCheck, readAuditHead } from '@podway/contracts/audit-chain';
import type { CommandContext } from '../cli-context.js';
import { InvalidFileError, UsageError } from '../cli.errors.js';
import { exitCodes } from '../exit-codes.js';
import { positive } from '../settings/duration.js';

interface ListOptions {
  client?: string;
  action?: string;
  limit?: number;
}

export function describeAuditList(command: Command): Command {
  return command
    .description('What was done and what was refused, newest first')
    .option('--client <client>', 'only about this client')
    .option('--action <action>', 'only this operation: publishUpdate, signIn, …')
    .option('--limit <number>', 'at most so many (default: 100)', positive);
}

export async function auditList(context: CommandContext<ListOptions>): Promise<void> {
  const { client, action, limit } = context.options;
  const podway = await context.podway();
  const records = await podway.audit({ client, action, limit });
  const rows = records.map((one) => [
    String(one.seq),
    one.time.slice(5, 19),
    one.actor,
    one.client,
    one.action,
    one.outcome,
    typeof one.detail.code === 'string' ? one.detail.code : one.subject,
  ]);
  const { printer } = context;
  printer.result({ records }, () =>
    printer.table(
      ['SEQ', 'TIME', 'KEY', 'CLIENT', 'ACTION', 'OUTCOME', 'SUBJECT OR CODE'],
      rows,
      'No records.',
    ),
  );
}

export function describeAuditExport(command: Command): Command {
  return command.description('All records as lines of JSON, oldest first');
}

export async function auditExport(context: CommandContext<object>): Promise<void> {
  const podway = await context.podway();
  for (let after = 0; ;) {
    const page = await podway.audit({ after, limit: 1_000 });
    for (const record of page) context.surroundings.stdout.write(`${JSON.stringify(record)}\n`);
    const last = page.at(-1);
    if (!last) return;
    after = last.seq;
  }
}

export function describeAuditHead(command: Command): Command {
  return command.description('The last record as seq:hash, to keep in another place');
}

export async function auditHead(context: CommandContext<object>): Promise<void> {
  const podway = await context.podway();
  const [last] = await podway.audit({ limit: 1 });
  if (!last) throw new UsageError('The audit log is empty');
  const { seq, hash } = last;
  context.printer.result({ seq, hash }, () => [`${seq}:${hash}`]);
}

interface VerifyOptions {
  file?: string;
  head?: AuditHead;
}

export function describeAuditVerify(command: Command): Command {
  return command
    .description('Check that no record was changed, removed or put in')
    .option('--file <file>', 'check an export (lines of JSON) without Podway')
    .option('--head <seq:hash>', 'this record must still be there as it was', (text) => {
      const head = readAuditHead(text);
      if (!head) throw new UsageError('--head must be <seq>:<hash>, as `podway audit head` prints it');
      return head;
    });
}

export async function auditVerify(context: CommandContext<VerifyOptions>): Promise<void> {
  const { file, head } = context.options;
  const found = file === undefined ? await verifyOver(context, head) : await verifyFile(context, file, head);
  context.printer.result(found, () => [told(found)]);
  if (!found.intact) context.exit(exitCodes.trouble);
}

async function verifyOver(
  context: CommandContext<VerifyOptions>,
  head: AuditHead | undefined,
): Promise<AuditVerificationView> {
  const podway = await context.podway();
  return podway.verifyAudit(head && `${head.seq}:${head.hash}`);
}

async function verifyFile(
  { surroundings }: CommandContext<VerifyOptions>,
  name: string,
  head: AuditHead | undefined,
): Promise<AuditVerificationView> {
  const check = new AuditChainCheck(head);
  const input = createReadStream(resolve(surroundings.cwd, name));
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number += 1;
      if (line.trim() !== '') check.next(validated(AuditRecord, JSON.parse(line), { strict: true }));
    }
  } catch (cause) {
    const where = number === 0 ? '' : `line ${number}: `;
    throw new InvalidFileError(
      name,
      [`${where}${cause instanceof Error ? cause.message : String(cause)}`],
      cause,
    );
  }
  return check.result();
}

function told({ intact, records, head, brokenAt, reason }: AuditVerificationView): string {
  if (intact) return `The chain of ${records} records holds. Head: ${head.seq}:${head.hash}`;
  return `The chain is broken at record ${brokenAt}: ${reason}. It holds for the ${records} records before.`;
}
