import { Command, CommanderError } from 'commander';
import { commandContext, withSharedOptions, type CommandContext, type SharedOptions } from './cli-context.js';
import { completion, describeCompletion, type Shell } from './commands/completion.js';
import { describeInit, init } from './commands/init.js';
import { describeLogin, describeLogout, login, logout } from './commands/login.js';
import { abort, describeAbort } from './commands/abort.js';
import { approve, describeApprove, describeRefuse, refuse } from './commands/approval.js';
import { describePause, describeResume, pause, resume } from './commands/pause.js';
import { describeResourcesList, resourcesList } from './commands/resources.js';
import {
  artifactsCollect,
  artifactsList,
  describeArtifactsCollect,
  describeArtifactsList,
} from './commands/artifacts.js';
import { describeRetry, retry } from './commands/retry.js';
import {
  deadLettersList,
  deadLettersReplay,
  describeDeadLettersList,
  describeDeadLettersReplay,
} from './commands/dead-letters.js';
import {
  brokerUserCreate,
  brokerUserList,
  brokerUserRevoke,
  brokerUserRotate,
  describeBrokerUserCreate,
  describeBrokerUserList,
  describeBrokerUserRevoke,
  describeBrokerUserRotate,
} from './commands/broker-users.js';
import {
  clientVariablesList,
  clientVariablesSet,
  clientVariablesUnset,
  describeClientVariablesList,
  describeClientVariablesSet,
  describeClientVariablesUnset,
} from './commands/client-variables.js';
import {
  clientsCreate,
  clientsDisable,
  clientsEnable,
  clientsList,
  describeClientsCreate,
  describeClientsDisable,
  describeClientsEnable,
  describeClientsList,
} from './commands/clients.js';
import {
  delegationsCreate,
  delegationsList,
  delegationsRevoke,
  describeDelegationsCreate,
  describeDelegationsList,
  describeDelegationsRevoke,
} from './commands/delegations.js';
import { describeEvents, events } from './commands/events.js';
import { describeLogs, logs } from './commands/logs.js';
import {
  describeKeysCreate,
  describeKeysList,
  describeKeysRevoke,
  keysCreate,
  keysList,
  keysRevoke,
} from './commands/keys.js';
import { describePodsApply, describePodsList, podsApply, podsList } from './commands/pods.js';
import { describePlan, plan } from './commands/plan.js';
import { describePublish, publish } from './commands/publish.js';
import { describeQuotasSet, describeQuotasShow, quotasSet, quotasShow } from './commands/quotas.js';
import { describeDiff, diff } from './commands/diff.js';
import { describeDoctor, doctor } from './commands/doctor.js';
import { describeDrift, drift } from './commands/drift.js';
import {
  describeReleasesList,
  describeReleasesMarkBad,
  describeReleasesShow,
  describeReleasesUnmark,
  releasesList,
  releasesMarkBad,
  releasesShow,
  releasesUnmark,
} from './commands/releases.js';
import { describeRollback, rollback } from './commands/rollback.js';
import { describeServersList, describeServersShow, serversList, serversShow } from './commands/servers.js';
import { describeStatus, status } from './commands/status.js';
import {
  describeTrustsCreate,
  describeTrustsList,
  describeTrustsRevoke,
  trustsCreate,
  trustsList,
  trustsRevoke,
} from './commands/trusts.js';
import {
  auditExport,
  auditHead,
  auditList,
  auditVerify,
  describeAuditExport,
  describeAuditHead,
  describeAuditList,
  describeAuditVerify,
} from './commands/audit.js';
import {
  describeSigningKeysAdd,
  describeSigningKeysCreate,
  describeSigningKeysList,
  describeSigningKeysRevoke,
  signingKeysAdd,
  signingKeysCreate,
  signingKeysList,
  signingKeysRevoke,
} from './commands/signing-keys.js';
import { commandLines } from './completion/command-lines.js';
import {
  describeWebhooksDeliveries,
  describeWebhooksRedeliver,
  describeWebhooksTest,
  webhooksDeliveries,
  webhooksRedeliver,
  webhooksTest,
} from './commands/webhook-deliveries.js';
import {
  describeWebhooksAdd,
  describeWebhooksChange,
  describeWebhooksList,
  describeWebhooksPause,
  describeWebhooksRemove,
  describeWebhooksResume,
  describeWebhooksRotate,
  webhooksAdd,
  webhooksChange,
  webhooksList,
  webhooksPause,
  webhooksRemove,
  webhooksResume,
  webhooksRotate,
} from './commands/webhooks.js';
import { exitCodes } from './exit-codes.js';
import { Printer } from './output/printer.js';
import { reportError } from './report-error.js';
import type { Surroundings } from './surroundings.js';
import { VERSION } from './version.js';

type Run<O extends object> = (context: CommandContext<O>, ...args: string[]) => Promise<void>;

/** Runs one command line. Resolves with the exit code; never rejects. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let code: number = exitCodes.succeeded;
  const program = describeProgram(surroundings, wantsJson(args), (exit) => (code = exit));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said what is wrong with the command line, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.succeeded : exitCodes.usage;
    return reportError(error, surroundings, wantsJson(args));
  }
}

/** Known also where the rest of the command line cannot be understood. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? undefined : end).includes('--json');
}

function describeProgram(surroundings: Surroundings, json: boolean, exit: (code: number) => void): Command {
  const printer = new Printer(surroundings, json);
  const program = withSharedOptions(new Command('podway'))
    .description('Publish updates to PODs and follow their deployments')
    .version(VERSION, '-V, --version', 'show the version')
    .exitOverride()
    .showHelpAfterError(json ? false : '`podway --help` shows the commands.')
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      writeErr: (text) => surroundings.stderr.write(text),
      outputError: (text) => printer.error('CLI.USAGE', text.replace(/^error: /, '').trimEnd()),
      getOutHelpWidth: () => surroundings.stdout.columns ?? 80,
      getErrHelpWidth: () => surroundings.stderr.columns ?? 80,
    });

  function add<O extends object>(
    parent: Command,
    name: string,
    describe: (command: Command) => Command,
    run: Run<O>,
  ): Command {
    const command = withSharedOptions(describe(parent.command(name)));
    command.action(async (...given: unknown[]) => {
      const self = given.pop() as Command;
      given.pop();
      const options = self.optsWithGlobals<O & SharedOptions>();
      const context = commandContext<O>(options, surroundings, exit);
      await run(context, ...(given as string[]));
    });
    return command;
  }

  add(program, 'login', describeLogin, login);
  add(program, 'logout', describeLogout, logout);
  add(program, 'init', describeInit, init);
  add(program, 'plan', describePlan, plan);
  add(program, 'publish', describePublish, publish);
  add(program, 'status', describeStatus, status);
  add(program, 'events', describeEvents, events);
  add(program, 'logs', describeLogs, logs);
  add(program, 'rollback', describeRollback, rollback);
  add(program, 'abort', describeAbort, abort);
  add(program, 'retry', describeRetry, retry);
  add(program, 'approve', describeApprove, approve);
  add(program, 'refuse', describeRefuse, refuse);
  add(program, 'pause', describePause, pause);
  add(program, 'resume', describeResume, resume);
  const releases = add(program, 'releases', describeReleasesList, releasesList);
  add(releases, 'show', describeReleasesShow, releasesShow);
  add(releases, 'mark-bad', describeReleasesMarkBad, releasesMarkBad);
  add(releases, 'unmark', describeReleasesUnmark, releasesUnmark);
  add(program, 'diff', describeDiff, diff);
  add(program, 'drift', describeDrift, drift);
  add(program, 'doctor', describeDoctor, doctor);
  const pods = program.command('pods').description('The inventory: PODs and their servers');
  add(pods, 'list', describePodsList, podsList);
  add(pods, 'apply', describePodsApply, podsApply);
  const servers = add(program, 'servers', describeServersList, serversList);
  add(servers, 'show', describeServersShow, serversShow);
  const resources = program.command('resources').description('What clients call their own');
  add(resources, 'list', describeResourcesList, resourcesList);
  const keys = program.command('keys').description('API keys (for admins)');
  add(keys, 'create', describeKeysCreate, keysCreate);
  add(keys, 'list', describeKeysList, keysList);
  add(keys, 'revoke', describeKeysRevoke, keysRevoke);
  const clients = program.command('clients').description('Clients of the hosting service (for admins)');
  add(clients, 'create', describeClientsCreate, clientsCreate);
  add(clients, 'list', describeClientsList, clientsList);
  add(clients, 'disable', describeClientsDisable, clientsDisable);
  add(clients, 'enable', describeClientsEnable, clientsEnable);
  const clientVariables = clients
    .command('variables')
    .description("Values of bundles' variables for all PODs of a client (for admins)");
  add(clientVariables, 'list', describeClientVariablesList, clientVariablesList);
  add(clientVariables, 'set', describeClientVariablesSet, clientVariablesSet);
  add(clientVariables, 'unset', describeClientVariablesUnset, clientVariablesUnset);
  const brokerUsers = clients
    .command('broker-user')
    .description('Users of RabbitMQ for the systems of a client (for admins)');
  add(brokerUsers, 'create', describeBrokerUserCreate, brokerUserCreate);
  add(brokerUsers, 'list', describeBrokerUserList, brokerUserList);
  add(brokerUsers, 'rotate', describeBrokerUserRotate, brokerUserRotate);
  add(brokerUsers, 'revoke', describeBrokerUserRevoke, brokerUserRevoke);
  const trusts = program.command('trusts').description('OIDC issuers whose tokens are taken (for admins)');
  add(trusts, 'create', describeTrustsCreate, trustsCreate);
  add(trusts, 'list', describeTrustsList, trustsList);
  add(trusts, 'revoke', describeTrustsRevoke, trustsRevoke);
  const delegations = program
    .command('delegations')
    .description('Third parties that may act on PODs (for admins)');
  add(delegations, 'create', describeDelegationsCreate, delegationsCreate);
  add(delegations, 'list', describeDelegationsList, delegationsList);
  add(delegations, 'revoke', describeDelegationsRevoke, delegationsRevoke);
  const deadLetters = program
    .command('dead-letters')
    .description('Messages that were given up (for operators)');
  add(deadLetters, 'list', describeDeadLettersList, deadLettersList);
  add(deadLetters, 'replay', describeDeadLettersReplay, deadLettersReplay);
  const signingKeys = program
    .command('signing-keys')
    .description('Keys that sign updates (made and revoked by admins)');
  add(signingKeys, 'create', describeSigningKeysCreate, signingKeysCreate);
  add(signingKeys, 'add', describeSigningKeysAdd, signingKeysAdd);
  add(signingKeys, 'list', describeSigningKeysList, signingKeysList);
  add(signingKeys, 'revoke', describeSigningKeysRevoke, signingKeysRevoke);
  const audit = program.command('audit').description('What was done and refused, by whom (for admins)');
  add(audit, 'list', describeAuditList, auditList);
  add(audit, 'head', describeAuditHead, auditHead);
  add(audit, 'verify', describeAuditVerify, auditVerify);
  add(audit, 'export', describeAuditExport, auditExport);
  const webhooks = program.command('webhooks').description('URLs that get events');
  add(webhooks, 'add', describeWebhooksAdd, webhooksAdd);
  add(webhooks, 'list', describeWebhooksList, webhooksList);
  add(webhooks, 'change', describeWebhooksChange, webhooksChange);
  add(webhooks, 'pause', describeWebhooksPause, webhooksPause);
  add(webhooks, 'resume', describeWebhooksResume, webhooksResume);
  add(webhooks, 'rotate', describeWebhooksRotate, webhooksRotate);
  add(webhooks, 'remove', describeWebhooksRemove, webhooksRemove);
  add(webhooks, 'deliveries', describeWebhooksDeliveries, webhooksDeliveries);
  add(webhooks, 'redeliver', describeWebhooksRedeliver, webhooksRedeliver);
  add(webhooks, 'test', describeWebhooksTest, webhooksTest);
  const artifacts = program.command('artifacts').description('Stored bundles');
  add(artifacts, 'list', describeArtifactsList, artifactsList);
  add(artifacts, 'collect', describeArtifactsCollect, artifactsCollect);
  const quotas = program.command('quotas').description('What clients may use');
  add(quotas, 'show', describeQuotasShow, quotasShow);
  add(quotas, 'set', describeQuotasSet, quotasSet);
  add(program, 'completion', describeCompletion, (context, shell) =>
    completion(context, shell as Shell, commandLines(program)),
  );
  return program;
}
