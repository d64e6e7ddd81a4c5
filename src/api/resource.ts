/** What tells a client where to sign in: RFC 9728 metadata, and the challenge that points to it (RFC 6750 section 3). */

export interface Resource {
  /** publicUrl + `/mcp` */
  readonly url: string
  /** Issuers whose tokens are taken; none: the metadata does not exist. */
  readonly issuers: readonly string[]
  /** Asked of the issuer at sign-in. */
  readonly scopes: readonly string[]
}

export const resourceOf = (
  publicUrl: string,
  issuers: readonly string[],
  scopes: readonly string[] = ['openid'],
): Resource => ({ url: `${publicUrl.replace(/\/+$/, '')}/mcp`, issuers, scopes })

export const metadataOf = ({ url, issuers, scopes }: Resource) => ({
  resource: url,
  authorization_servers: issuers,
  bearer_methods_supported: ['header'],
  scopes_supported: scopes,
  resource_name: 'Countersign',
})

/** RFC 9728 section 3.1: the well-known part goes between host and path. */
export const metadataUrlOf = ({ url }: Resource): string => {
  const { origin, pathname } = new URL(url)
  return `${origin}/.well-known/oauth-protected-resource${pathname}`
}

/** `invalid` when there was a token that proved nobody. */
export const challengeOf = (resource: Resource, invalid: boolean): string =>
  [
    ...(invalid ? ['error="invalid_token"'] : []),
    ...(resource.issuers.length === 0
      ? []
      : [`resource_metadata="${metadataUrlOf(resource)}"`, `scope="${resource.scopes.join(' ')}"`]),
  ].reduce((all, part, at) => `${all}${at === 0 ? ' ' : ', '}${part}`, 'Bearer')
