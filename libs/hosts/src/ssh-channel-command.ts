import type { ClientChannel } from 'ssh2';
import { HostConnectionLostError } from './host.errors.js';
import type { CommandExit, RunningCommand } from './running-command.js';

/** A command on an open channel. */
export function channelCommand(server: string, channel: ClientChannel): RunningCommand {
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended: exitOf(server, channel),
    kill: () => {
      // Newer OpenSSH servers pass the signal on; others leave the command running.
      channel.signal('KILL');
      channel.destroy();
      // Its end is only told to those who read it.
      channel.resume();
      channel.stderr.resume();
    },
  };
}

/** A channel that closes without telling how the command ended was cut. */
function exitOf(server: string, channel: ClientChannel): Promise<CommandExit> {
  const ended = new Promise<CommandExit>((resolve, reject) => {
    let exit: CommandExit | undefined;
    channel.once('exit', (code: number | null, signal?: string) => {
      exit = signal ? { code: null, signal } : { code };
    });
    channel.once('close', () => (exit ? resolve(exit) : reject(new HostConnectionLostError(server))));
  });
  ended.catch(() => undefined);
  return ended;
}
