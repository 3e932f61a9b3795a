import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { CommonSettings } from './common-settings.js';
import { environmentWith, InvalidSettingsError, readSettings, Setting, settingsOf } from './settings.js';

class Base {
  @Setting('T_URL', 'text', { secret: true })
  @Matches(/^postgres:\/\//, { message: 'must be a URL like postgres://…' })
  url: string;

  @Setting('T_PORT', 'integer')
  @IsInt()
  @Min(1)
  @Max(65_535)
  port: number = 8080;
}

class Settings extends Base {
  @Setting('T_ON', 'boolean')
  @IsIn([true, false])
  on: boolean = true;

  @Setting('T_NAME')
  @IsOptional()
  @IsString()
  name?: string;

  @Setting('T_NAME_PREFIX')
  @IsOptional()
  @Matches(/^[a-z]+$/)
  namePrefix?: string;
}

const url = 'postgres://user:hunter2@db/podway';

function problemsOf(env: Record<string, string>): string[] {
  try {
    readSettings(Settings, env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidSettingsError);
    expect(error).toMatchObject({ code: 'SETTINGS.INVALID', retryable: false });
    return (error as InvalidSettingsError).message.split('\n  ').slice(1);
  }
}

describe('readSettings', () => {
  it('has defaults for what is not set', () => {
    const settings = readSettings(Settings, { T_URL: url });
    expect(settings).toBeInstanceOf(Settings);
    expect(settings).toMatchObject({ url, port: 8080, on: true });
    expect(settings.name).toBeUndefined();
  });

  it('takes each kind from text', () => {
    const env = { T_URL: url, T_PORT: '1', T_NAME: '007', T_NAME_PREFIX: 'x', UNKNOWN: 'y' };
    expect(readSettings(Settings, env)).toEqual(
      Object.assign(new Settings(), { url, port: 1, on: true, name: '007', namePrefix: 'x' }),
    );
  });

  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ])('reads the boolean %s', (text, on) => {
    expect(readSettings(Settings, { T_URL: url, T_ON: text })).toMatchObject({ on });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(problemsOf({ T_URL: url, T_PORT: '', T_ON: '', T_NAME: '' })).toEqual([]);
    expect(readSettings(Settings, { T_URL: url, T_PORT: '', T_ON: '' })).toMatchObject({
      port: 8080,
      on: true,
    });
    expect(problemsOf({ T_URL: '' })).toEqual(['T_URL: is missing']);
  });

  it.each([
    ['a port that is none', { T_PORT: '70000' }, 'T_PORT: must not be greater than 65535'],
    ['text for a number', { T_PORT: '80a' }, 'T_PORT: must be an integer number'],
    ['a fraction', { T_PORT: '80.5' }, 'T_PORT: must be an integer number'],
    ['hexadecimal', { T_PORT: '0x50' }, 'T_PORT: must be an integer number'],
    ['spaces', { T_PORT: ' 80' }, 'T_PORT: must be an integer number'],
    ['another boolean', { T_ON: 'yes' }, 'T_ON: must be one of the following values: true, false'],
    [
      'a name that begins like another',
      { T_NAME_PREFIX: 'X' },
      'T_NAME_PREFIX: must match /^[a-z]+$/ regular expression',
    ],
  ])('names the variable: %s', (_, env, problem) => {
    expect(problemsOf({ T_URL: url, ...env })).toEqual([problem]);
  });

  it('names every variable that is wrong', () => {
    expect(problemsOf({ T_PORT: 'x', T_ON: 'y' })).toHaveLength(3);
  });

  it('does not print what is wrong: it may be secret', () => {
    const wrong = 'mysql://user:hunter2@db';
    expect(problemsOf({ T_URL: wrong })).toEqual(['T_URL: must be a URL like postgres://…']);
    try {
      readSettings(CommonSettings, { DATABASE_URL: wrong, AMQP_URL: 'http://user:hunter2@mq' });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).toContain('DATABASE_URL');
      expect(String(error)).toContain('AMQP_URL');
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('hunter2');
    }
  });

  it('is the same every time, whatever else declares settings', () => {
    class Other extends Base {
      @Setting('T_OTHER')
      @IsOptional()
      @IsString()
      other?: string;
    }
    const variables = (type: new () => object): string[] => settingsOf(type).map(({ variable }) => variable);
    expect(variables(Base)).toEqual(['T_URL', 'T_PORT']);
    expect(variables(Settings)).toEqual(['T_URL', 'T_PORT', 'T_ON', 'T_NAME', 'T_NAME_PREFIX']);
    expect(variables(Other)).toEqual(['T_URL', 'T_PORT', 'T_OTHER']);
    expect(settingsOf(Settings).filter(({ secret }) => secret)).toMatchObject([{ variable: 'T_URL' }]);
  });

  it('replaces variables of the process for a part of it, not for the process', () => {
    const env = environmentWith({ T_URL: url });
    expect(env).toMatchObject({ T_URL: url, PATH: process.env.PATH });
    expect(process.env.T_URL).toBeUndefined();
  });
});
