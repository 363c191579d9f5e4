using System.CommandLine;
using System.Globalization;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Local;
using k8s.Models;

namespace Flotilla.Commands;

/// <summary>Where a service is reached from this machine, without a tunnel: the machine is a node, and services are routed on it.</summary>
internal static class ServiceCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME");
        var space = new Option<string>("--namespace", "-n") { Description = "Its namespace.", DefaultValueFactory = _ => "default" };
        var url = new Option<bool>("--url") { Description = "Only the addresses, one a line." };
        var command = new Command("service", "Tell where a service is reached from this machine.") { name, space, url, ServiceExecCommand.Create() };
        AdminAction.Set(command, (settings, client, parsed, cancellationToken) =>
            RunAsync(settings, client, new ObjectKey(parsed.GetValue(space), parsed.GetValue(name)!), parsed.GetValue(url), cancellationToken));
        return command;
    }

    private static async Task RunAsync(ClusterSettings settings, HttpObjectClient client, ObjectKey key, bool onlyUrls, CancellationToken cancellationToken)
    {
        try
        {
            var service = await client.GetAsync<V1Service>(key, cancellationToken);
            var nodes = await client.ListAsync<V1Node>(ListScope.All, cancellationToken);
            var address = nodes.Items.FirstOrDefault(node => node.Metadata.Name == settings.NodeName)?.Status?.Addresses?.FirstOrDefault(entry => entry.Type == "InternalIP")?.Address ?? "127.0.0.1";
            var urls = UrlsOf(service, address, settings.LocalAddress is null).ToList();
            if (urls.Count == 0)
            {
                throw new UserError($"Service {key} has no address that this machine reaches; give it the type NodePort.");
            }

            foreach (var (port, text) in urls)
            {
                Console.WriteLine(onlyUrls ? text : $"{port} {text}");
            }
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            throw new UserError($"There is no service {key.Name} in namespace {key.Namespace}.");
        }
    }

    /// <param name="routed">Whether this machine itself has ways to the cluster's addresses.</param>
    internal static IEnumerable<(string Port, string Url)> UrlsOf(V1Service service, string nodeAddress, bool routed)
    {
        var balanced = service.Status?.LoadBalancer?.Ingress?.Select(entry => entry.Ip ?? entry.Hostname).FirstOrDefault(text => !string.IsNullOrEmpty(text));
        var own = routed && service.Spec.ClusterIP is { Length: > 0 } address && address != "None" ? service.Spec.ClusterIP : null;
        foreach (var port in service.Spec.Ports ?? [])
        {
            var scheme = port.Protocol is null or "TCP" ? port.Port == 443 || port.Name == "https" ? "https" : "http" : port.Protocol.ToLowerInvariant();
            var (host, number) = port.NodePort is > 0 ? (nodeAddress, port.NodePort.Value) : balanced is not null ? (balanced, port.Port) : (own, port.Port);
            if (host is not null)
            {
                yield return (port.Name ?? port.Port.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"{scheme}://{host}:{number}"));
            }
        }
    }
}
