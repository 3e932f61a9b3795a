import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What cannot be saved: the changed bytes through ssh to every other server, and nothing else. */
export class FloorContender {
  name = 'floor: changed bytes through ssh';

  constructor(fleet, ssh) {
    this.ssh = ssh;
    this.others = fleet.servers.slice(1);
    this.file = join(fleet.root, 'changed-bytes');
  }

  setUp = async () => undefined;
  snapshot = async () => undefined;

  async change(change) {
    await writeFile(
      this.file,
      Buffer.concat([...change.writes, ...change.appends].map(({ bytes }) => bytes)),
    );
  }

  async replicate() {
    await Promise.all(
      this.others.map((server) => this.ssh.send(server, this.file, `exec cat >${server.root}/changed-bytes`)),
    );
  }

  tidy = async () => undefined;
}
