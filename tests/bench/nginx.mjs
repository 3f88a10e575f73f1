// nginx as a plain reverse proxy, with all that is known to make it fast, and no access log.

// Does less than lmgate: it neither checks a key nor reads a body, and counts nothing.
export function nginxConfig({ port, upstreamPort, upstreamTls, clientTls, tls, directory, connections }) {
  const upstreamTlsLines = `
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_session_reuse on;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${tls.certificate};
      proxy_ssl_name localhost;
      proxy_ssl_server_name on;`;
  const clientTlsLines = `
    ssl_certificate ${tls.certificate};
    ssl_certificate_key ${tls.key};
    ssl_protocols TLSv1.3;`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${directory}/${name};`)
    .join('\n');
  return `
worker_processes 1;
daemon off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections ${connections}; }
http {
  access_log off;
  server_tokens off;
  tcp_nodelay on;
${temporary}
  # Bodies and answers never go to a file.
  client_body_buffer_size 2m;
  client_max_body_size 32m;
  proxy_buffer_size 4k;
  proxy_buffers 8 8k;
  proxy_max_temp_file_size 0;
  keepalive_requests 10000000;
  keepalive_timeout 300s;
  upstream up {
    server 127.0.0.1:${upstreamPort};
    keepalive 4096;
    keepalive_requests 10000000;
    keepalive_timeout 300s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096${clientTls ? ' ssl' : ''};${clientTls ? clientTlsLines : ''}
    location / {
      proxy_pass ${upstreamTls ? 'https' : 'http'}://up;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer sk-upstream-key-0123456789";
      proxy_set_header Host $http_host;
      proxy_read_timeout 300s;${upstreamTls ? upstreamTlsLines : ''}
    }
  }
}
`;
}
