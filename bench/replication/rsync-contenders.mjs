import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { applyChange } from './site-tree.mjs';

const KEPT = 2;

/** Release folders beside each other, filled by `rsync --link-dest`, switched by a rename; a new connection each time. */
export class LinkDestContender {
  name = 'rsync --link-dest and switch, new connections';
  number = 0;

  constructor(fleet, ssh, seed) {
    this.fleet = fleet;
    this.ssh = ssh;
    this.seed = seed;
    [this.canary, ...this.others] = fleet.servers;
  }

  folder(server, release = this.number) {
    return `${server.root}/linked/releases/${release}`;
  }

  async setUp() {
    for (const server of this.fleet.servers) {
      await cp(this.seed, this.folder(server), { recursive: true, preserveTimestamps: true });
      await symlink(`releases/${this.number}`, `${server.root}/linked/current`);
    }
  }

  /** Files of a release are never written in place, so hard links are a snapshot here. */
  async snapshot() {
    const release = this.folder(this.canary);
    await this.ssh.command(this.canary, `cp -al ${release} ${release}.snapshot`, { open: false });
  }

  async change(change) {
    const { canary, number } = this;
    this.number += 1;
    // Given: the new release beside the old one on the canary.
    await this.ssh.command(canary, `cp -al ${this.folder(canary, number)} ${this.folder(canary)}`, {
      open: true,
    });
    if (change) await applyChange(this.folder(canary), change);
  }

  async replicate() {
    const from = this.folder(this.canary);
    const more = [`--link-dest=../${this.number - 1}`];
    await Promise.all(
      this.others.map((server) => this.ssh.rsync(server, from, this.folder(server), { open: false, more })),
    );
    const release = basename(from);
    await Promise.all(
      this.fleet.servers.map((server) =>
        this.ssh.command(
          server,
          `cd ${server.root}/linked && ln -sfn releases/${release} current.new && mv -T current.new current`,
          { open: false },
        ),
      ),
    );
  }

  async tidy() {
    for (const server of this.fleet.servers) {
      const releases = await readdir(`${server.root}/linked/releases`);
      const old = releases.filter((name) => parseInt(name, 10) <= this.number - KEPT || name.includes('.'));
      for (const name of old) await rm(`${server.root}/linked/releases/${name}`, { recursive: true });
    }
  }

  liveFolders() {
    return this.fleet.servers.map((server) => `${server.root}/linked/current/`);
  }
}

/** One folder, updated in place over standing connections. Visitors see old and new files mixed meanwhile. */
export class InPlaceContender {
  name = 'rsync in place, open connections';

  constructor(fleet, ssh, seed) {
    this.fleet = fleet;
    this.ssh = ssh;
    this.seed = seed;
    [this.canary, ...this.others] = fleet.servers;
  }

  folder(server) {
    return `${server.root}/inplace/site`;
  }

  async setUp() {
    for (const server of this.fleet.servers) {
      await mkdir(`${server.root}/inplace`);
      await cp(this.seed, this.folder(server), { recursive: true, preserveTimestamps: true });
    }
  }

  async snapshot() {
    const site = this.folder(this.canary);
    await this.ssh.command(this.canary, `cp -al ${site} ${site}.snapshot`, { open: true });
  }

  async change(change) {
    if (change) await applyChange(this.folder(this.canary), change);
  }

  async replicate() {
    const from = this.folder(this.canary);
    await Promise.all(
      this.others.map((server) =>
        this.ssh.rsync(server, from, this.folder(server), { open: true, more: ['--delete'] }),
      ),
    );
  }

  async tidy() {
    await rm(`${this.folder(this.canary)}.snapshot`, { recursive: true });
  }

  liveFolders() {
    return this.fleet.servers.map((server) => `${this.folder(server)}/`);
  }
}
