// haproxy as a plain reverse proxy on one thread, and no log.
export function haproxyConfig({ port, upstreamPort, upstreamTls, clientTls, tls, descriptors }) {
  const bindTls = clientTls ? ` ssl crt ${tls.bundle} ssl-min-ver TLSv1.3` : '';
  const serverTls = upstreamTls
    ? ` ssl verify required ca-file ${tls.certificate} sni str(localhost) verifyhost localhost ssl-min-ver TLSv1.3`
    : '';
  return `
global
  nbthread 1
  maxconn ${Math.floor((descriptors - 100) / 2)}
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  option http-keep-alive
  http-reuse always
  option http-no-delay
frontend f
  bind 127.0.0.1:${port} backlog 4096${bindTls}
  default_backend b
backend b
  http-request set-header Authorization "Bearer sk-upstream-key-0123456789"
  server up 127.0.0.1:${upstreamPort} pool-max-conn -1 pool-purge-delay 300s${serverTls}
`;
}
