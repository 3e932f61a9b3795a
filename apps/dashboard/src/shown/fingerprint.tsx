/** The beginning of a SHA-256; all of it on pointing at it. */
export function Fingerprint({ value }: { value: string | undefined }) {
  if (value === undefined) return <span>-</span>;
  return (
    <code className="mono" title={value}>
      {value.slice(0, 12)}
    </code>
  );
}
