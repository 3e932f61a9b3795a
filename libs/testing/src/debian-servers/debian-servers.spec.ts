import { afterEach, expect, it, vi } from 'vitest';
import { startDebianServers } from './debian-servers.js';

afterEach(() => void vi.restoreAllMocks());

it('says that it needs root', async () => {
  vi.spyOn(process as { getuid(): number }, 'getuid').mockReturnValue(1000);
  await expect(startDebianServers({ names: ['one'] })).rejects.toMatchObject({
    code: 'TESTING.DEBIAN_SERVERS_UNAVAILABLE',
    message: 'Debian test servers cannot be made here: mounts and network namespaces need root',
  });
});
