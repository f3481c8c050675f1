// An authorization server that others wrote and had certified (oidc-provider), set up for the tests:
//   node authorization-server.mjs NODE_MODULES DIRECTORY
// Whoever signs in may give any password. Refresh tokens are rotated, and one that comes twice ends its grant. While the
// file DIRECTORY/trouble holds a status, the token endpoint answers with that.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, directory] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(resolve(modules, 'oidc-provider/lib/index.js')));
const device = 'urn:ietf:params:oauth:grant-type:device_code';
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: 'inboxed-tests',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token', device],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1'],
      },
      {
        client_id: 'inboxed-app',
        client_secret: 'canary of the app',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        scope: 'mail',
      },
      { client_id: 'dovecot', client_secret: 'introspects', grant_types: [], response_types: [], redirect_uris: [] },
    ],
    scopes: ['openid', 'offline_access', 'mail'],
    cookies: { keys: ['for tests only'] },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    pkce: { required: () => true },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    // The mailbox that a token opens. A client by itself was given the fourth seed's.
    extraTokenClaims: (_, token) => ({ mailbox: token.accountId ?? 'u04@seed.example' }),
    ttl: { AccessToken: 300, ClientCredentials: 300, DeviceCode: 300 },
  });
  provider.use(async (ctx, next) => {
    const trouble = join(directory, 'trouble');
    if (ctx.path === '/token' && existsSync(trouble)) {
      ctx.status = Number(readFileSync(trouble, 'utf8'));
      ctx.body = 'trouble';
      return;
    }
    if (ctx.path === '/token') console.error(`token request`);
    await next();
  });
  server.on('request', provider.callback());
  console.error(`listening on ${port}`);
});
