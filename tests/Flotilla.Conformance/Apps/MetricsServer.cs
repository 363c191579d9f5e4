using System.Collections.Concurrent;
using System.Text.Json;
using Flotilla.Conformance.Live;
using Flotilla.Server.Tests.Harness;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Conformance.Apps;

/// <summary>An adapter of metrics as others write them: an API server of its own behind the cluster's, with figures that the test sets.</summary>
internal sealed class MetricsServer : IAsyncDisposable
{
    private static readonly string[] ApiServices = ["v1beta1.custom.metrics.k8s.io", "v1beta1.external.metrics.k8s.io"];
    private readonly Space space;
    private BackendServer? server;

    private MetricsServer(Space space) => this.space = space;

    /// <summary>By the last part of their path.</summary>
    public ConcurrentDictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Paths that were asked for, with their queries.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public static async Task<MetricsServer> StartAsync(Space space)
    {
        var metrics = new MetricsServer(space);
        metrics.server = await BackendServer.StartAsync(tls: true, metrics.AnswerAsync);
        await space.ApplyAsync($$"""
            apiVersion: v1
            kind: Service
            metadata: {name: metrics}
            spec: {type: ExternalName, externalName: localhost, ports: [{port: {{metrics.server.Port}}}]}
            """);
        foreach (var name in ApiServices)
        {
            var group = name["v1beta1.".Length..];
            await space.ApplyAsync($$"""
                apiVersion: apiregistration.k8s.io/v1
                kind: APIService
                metadata: {name: {{name}}}
                spec:
                  group: {{group}}
                  version: v1beta1
                  groupPriorityMinimum: 100
                  versionPriority: 100
                  insecureSkipTLSVerify: true
                  service:
                    namespace: {{space.Name}}
                    name: metrics
                    port: {{metrics.server.Port}}
                """);
        }

        return metrics;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in ApiServices)
        {
            await space.Client.ApiregistrationV1.DeleteAPIServiceAsync(name);
        }

        await server!.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        Asked.Enqueue(path + Uri.UnescapeDataString(context.Request.QueryString.Value!));
        var parts = path.Trim('/').Split('/');
        context.Response.ContentType = "application/json";
        object answer = parts.Length <= 3
            ? new { kind = "APIResourceList", apiVersion = "v1", groupVersion = string.Join('/', parts.Skip(1)), resources = Array.Empty<object>() }
            : Values.TryGetValue(parts[^1], out var value)
                ? new { kind = "MetricValueList", apiVersion = string.Join('/', parts[1..3]), items = (await NamesAsync(parts)).Select(name => Item(parts[^1], name, value)) }
                : Missing(context, parts[^1]);
        await context.Response.WriteAsync(JsonSerializer.Serialize(answer));
    }

    // Of each pod, or of the one object that is named.
    private async Task<IEnumerable<string>> NamesAsync(string[] parts) => parts[^2] == "*"
        ? (await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: "app=web")).Items.Select(pod => pod.Metadata.Name)
        : [parts[^2]];

    private static object Item(string metric, string name, string value) => new
    {
        describedObject = new { name }, metricName = metric, value, timestamp = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture), window = 30,
    };

    private static V1Status Missing(HttpContext context, string metric)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return new V1Status { ApiVersion = "v1", Kind = "Status", Status = "Failure", Code = 404, Reason = "NotFound", Message = $"the server could not find the metric {metric} for pods" };
    }
}
