import { describe, expect, it } from 'vitest';
import { msiEnd } from './msi-codes.js';

describe('an exit status of msiexec', () => {
  it.each([
    [0, true, undefined, '0 ERROR_SUCCESS'],
    [1641, true, 'the server is being restarted', '1641 ERROR_SUCCESS_REBOOT_INITIATED'],
    [1641 % 256, true, 'the server is being restarted', '1641 ERROR_SUCCESS_REBOOT_INITIATED'],
    [
      3010 % 256,
      true,
      'the server must be restarted before all of it is in use',
      '3010 ERROR_SUCCESS_REBOOT_REQUIRED',
    ],
    [1602, false, undefined, '1602 ERROR_INSTALL_USEREXIT'],
    [1603 % 256, false, undefined, '1603 ERROR_INSTALL_FAILURE'],
    [1618 % 256, false, undefined, '1618 ERROR_INSTALL_ALREADY_RUNNING'],
    [1625 % 256, false, undefined, '1625 ERROR_INSTALL_PACKAGE_REJECTED'],
    [1633 % 256, false, undefined, '1633 ERROR_INSTALL_PLATFORM_UNSUPPORTED'],
    [1638 % 256, false, undefined, '1638 ERROR_PRODUCT_VERSION'],
    [1639 % 256, false, undefined, '1639 ERROR_INVALID_COMMAND_LINE'],
    [87, false, undefined, '87 ERROR_INVALID_PARAMETER or 1623 ERROR_INSTALL_LANGUAGE_UNSUPPORTED'],
    [124, false, undefined, '124, which is no code of msiexec'],
    [1, false, undefined, '1, which is no code of msiexec'],
  ])('%i: success %s', (status, ok, restart, name) => {
    expect(msiEnd(status)).toEqual({ ok, name, ...(restart !== undefined && { restart }) });
  });

  it('stands for one outcome, of whatever code it is the rest', () => {
    const good = [0, 1641 % 256, 3010 % 256];
    for (let status = 0; status < 256; status += 1) expect(msiEnd(status).ok).toBe(good.includes(status));
  });
});
