using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Gateways.Api;
using Flotilla.Ingress.Gateways.Statuses;
using k8s;
using k8s.Models;

namespace Flotilla.Ingress.Gateways;

/// <summary>Says in the statuses what became of classes, Gateways and routes.</summary>
internal sealed class GatewayController(IObjectClient client, TimeProvider time)
{
    // What the nodes' own compilation finds with their ports, this one must find too; the usual ones are assumed.
    private static readonly IngressOptions Usual = new() { NodeName = "" };
    private readonly BackendSet backends = new();

    public async Task ReconcileAsync(GatewayInput input, IReadOnlyList<V1Node> nodes, IReadOnlyList<string> addresses, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        now = new DateTime(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
        var model = GatewayCompiler.Compile(input, backends, Usual);
        backends.Sweep();
        foreach (var one in input.Classes.Where(one => one.Spec.ControllerName == IngressOptions.Controller))
        {
            await ApplyAsync(one, GatewayStatuses.For(one, now), cancellationToken);
        }

        var open = OpenPorts.Of(nodes);
        foreach (var report in model.Gateways)
        {
            await ApplyAsync(report.Gateway, GatewayStatuses.For(report, addresses, open.Contains, now), cancellationToken);
        }

        foreach (var report in model.Routes)
        {
            var status = GatewayStatuses.For(report, now);
            await (report.Route switch
            {
                HttpRoute route => ApplyAsync(route, status, cancellationToken),
                GrpcRoute route => ApplyAsync(route, status, cancellationToken),
                TlsRoute route => ApplyAsync(route, status, cancellationToken),
                _ => Task.CompletedTask,
            });
        }
    }

    private async Task ApplyAsync<T>(T value, Patch? status, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (status is not null)
        {
            await client.PatchAsync<T>(value.Key(), status, "status", cancellationToken);
        }
    }
}
