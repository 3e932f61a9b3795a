/** The name of a Host header: `Shop.Example.:8080` -> `shop.example`. */
export function hostName(header: string): string {
  const withoutPort = header.replace(/:[0-9]*$/, '');
  return withoutPort.replace(/\.$/, '').toLowerCase();
}
