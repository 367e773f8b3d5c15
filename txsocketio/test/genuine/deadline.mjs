/** How long, in ms, anything may take before it counts as not happening. */
export const PATIENCE = 30_000;

/**
 * Settle as `promise` does, or fail when it takes too long.
 *
 * @param {string} what that is waited for; the error names it.
 * @param {Promise<T>} promise
 * @param {number} patience in ms.
 * @returns {Promise<T>}
 * @template T
 */
export async function within(what, promise, patience = PATIENCE) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${patience} ms: ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
