using System.Globalization;

namespace Flotilla.Bench.Ingress;

/// <summary>What nginx is told, as backend and as proxy.</summary>
internal static class NginxConfiguration
{
    private static readonly string Body = new('x', 1024);

    /// <summary>A pod that costs next to nothing: a kilobyte from memory.</summary>
    public static string Backend(int port) => Backend($"127.0.0.1:{port}");

    /// <param name="listen">Addresses with ports.</param>
    public static string Backend(params string[] listen) => File(string.Join("; listen ", listen), $$"""
        location / { default_type text/plain; return 200 "{{Body}}"; }
        """, "");

    /// <summary>As ingress-nginx configures it, as far as it costs something here: connections are kept, the same headers are sent.</summary>
    public static string Proxy(int port, int backend) => File($"127.0.0.1:{port}", """
        location / {
            proxy_pass http://pods;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Request-ID $request_id;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Scheme $scheme;
            proxy_set_header X-Scheme $scheme;
            proxy_buffering off;
        }
        """, string.Create(CultureInfo.InvariantCulture, $"upstream pods {{ server 127.0.0.1:{backend}; keepalive 320; }}"));

    private static string File(string listen, string location, string upstream) => $$"""
        worker_processes 1;
        daemon off;
        pid nginx.pid;
        error_log stderr error;
        events { worker_connections 4096; }
        http {
            access_log off;
            keepalive_requests 1000000;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            {{upstream}}
            server { listen {{listen}}; server_name site.test; {{location}} }
        }
        """;
}
