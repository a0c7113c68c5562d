// Lists of words made when first asked for: a module is loaded before the language is known.

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
