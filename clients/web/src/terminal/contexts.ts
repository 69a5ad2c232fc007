/** Browsers have some 16 for a page, and end the oldest without a word when there is one more. */
const MOST = 8;

/** Who may draw with WebGL. */
export interface Tenant {
  /** It draws in another way from now on. */
  evict(): void;
}

/** In the order in which they were last worked in. */
const tenants = new Set<Tenant>();

/** Lets this one draw with WebGL, and ends that for the one that was left the longest ago if there are too many. */
export function lease(tenant: Tenant): void {
  tenants.delete(tenant);
  tenants.add(tenant);
  const [oldest] = tenants;
  if (tenants.size <= MOST || !oldest) return;
  tenants.delete(oldest);
  oldest.evict();
}

export function release(tenant: Tenant): void {
  tenants.delete(tenant);
}
