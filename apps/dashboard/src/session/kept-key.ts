const NAME = 'podway.key';

/** The key of who is signed in: for this tab, or until it is signed out where that was asked for. */
export const keptKey = {
  read: (): string | undefined => sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? undefined,
  keep(key: string, stay: boolean): void {
    (stay ? localStorage : sessionStorage).setItem(NAME, key);
  },
  /** Calls `then` when somebody signs out in another tab of those that stay signed in. Returns how to stop it. */
  onForgotten(key: string, then: () => void): () => void {
    const changed = (event: StorageEvent): void => {
      // A key of null: all of it was cleared.
      const gone = event.key === null || (event.key === NAME && event.oldValue === key);
      if (gone && localStorage.getItem(NAME) !== key && sessionStorage.getItem(NAME) !== key) then();
    };
    window.addEventListener('storage', changed);
    return () => window.removeEventListener('storage', changed);
  },
  forget(): void {
    sessionStorage.removeItem(NAME);
    localStorage.removeItem(NAME);
  },
};
