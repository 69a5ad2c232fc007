/** The icon of the tab, with how many call. */
export function iconText(calling: number): string {
  const count = calling > 9 ? "9+" : String(calling);
  const badge =
    calling === 0
      ? ""
      : `<rect x="${calling > 9 ? 9 : 13}" y="12" width="${calling > 9 ? 23 : 19}" height="20" rx="6" fill="#b45309"/>` +
        `<text x="${calling > 9 ? 20.5 : 22.5}" y="28" font-family="sans-serif" font-size="17" font-weight="700" text-anchor="middle" fill="#fff">${count}</text>`;
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b6b4f"/>' +
    '<path d="M7 9h18v14H7zM16 9v14M16 16h9" fill="none" stroke="#fbfbfa" stroke-width="2.5" stroke-linejoin="round"/>' +
    `${badge}</svg>`
  );
}

export function drawIcon(calling: number): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link) link.href = `data:image/svg+xml,${encodeURIComponent(iconText(calling))}`;
}
