/** Tries until `check` no longer throws; after `withinMs` it throws what `check` threw last. */
export async function eventually(check: () => Promise<void> | void, withinMs = 15_000): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
