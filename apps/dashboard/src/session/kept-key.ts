const NAME = 'podway.key';

/** The key of who is signed in: for this tab, or until it is signed out where that was asked for. */
export const keptKey = {
  read: (): string | undefined => sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? undefined,
  keep(key: string, stay: boolean): void {
    (stay ? localStorage : sessionStorage).setItem(NAME, key);
  },
  forget(): void {
    sessionStorage.removeItem(NAME);
    localStorage.removeItem(NAME);
  },
};
