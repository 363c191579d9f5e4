using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Network;

/// <summary>Pods and services through the API server.</summary>
public sealed class ProxyTests(LiveCluster cluster)
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    [Fact]
    public async Task Every_method_and_path_reaches_pods_and_services()
    {
        await NetSpace.PrepareAsync(cluster);
        await using var space = await Space.CreateAsync(cluster);
        await space.ServeAsync("server", "tcp:8080", "[{name: web, containerPort: 8080}]");
        await space.ServiceAsync("web", "{selector: {app: server}, ports: [{name: portname, port: 80, targetPort: web}]}");
        await space.UntilAsync(() => space.SliceTargetsAsync("web"), found => found.Count == 1);
        using var http = cluster.Http();
        foreach (var way in new[] { "pods/server:8080", "pods/http:server:8080", "services/web", "services/web:80", "services/web:portname", "services/http:web:portname" })
        {
            foreach (var path in new[] { "", "/", "/some/path/with/GET", "/a%20b?x=1&method=2" })
            {
                await AskAsync(http, $"/api/v1/namespaces/{space.Name}/{way}/proxy{path}", path);
            }
        }
    }

    private static async Task AskAsync(HttpClient http, string address, string path)
    {
        foreach (var method in Methods)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(address, UriKind.Relative));
            using var answer = await http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();

            // A browser must be on the directory for relative links to work.
            if (path.Length == 0 && method is "GET" or "HEAD")
            {
                Assert.EndsWith("/proxy/", answer.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
            }

            Assert.True(answer.IsSuccessStatusCode, $"{method} {address}: {answer.StatusCode} {text}");
            if (method != "HEAD")
            {
                Assert.StartsWith($"server {method} {(path.Length == 0 ? "/" : path)} ", text, StringComparison.Ordinal);
            }
        }
    }
}
