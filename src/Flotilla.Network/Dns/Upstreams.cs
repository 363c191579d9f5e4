using System.Net;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Dns;

/// <summary>
/// Who answers for names outside the cluster: what the ConfigMap <c>kube-dns</c> in <c>kube-system</c> says (keys
/// <c>stubDomains</c> and <c>upstreamNameservers</c>, as elsewhere), else the machine's own resolvers.
/// </summary>
public sealed partial class Upstreams
{
    private const int DnsPort = 53;
    private static readonly ObjectKey Key = new("kube-system", "kube-dns");

    private readonly Func<CancellationToken, Task<IReadOnlyList<IPEndPoint>>> machine;
    private readonly ILogger logger;
    private volatile Configuration configured = Configuration.None;

    public Upstreams(InformerSet informers, Func<CancellationToken, Task<IReadOnlyList<IPEndPoint>>> machine, ILogger logger)
    {
        this.machine = machine;
        this.logger = logger;
        informers.Of<V1ConfigMap>(new ListScope(Key.Namespace, FieldSelector: $"metadata.name={Key.Name}"))
            .Subscribe(change => Configure(change.New?.Data));
    }

    public async Task<IReadOnlyList<IPEndPoint>> ForAsync(string name, CancellationToken cancellationToken) =>
        configured.For(name) ?? await machine(cancellationToken);

    private void Configure(IDictionary<string, string>? data)
    {
        try
        {
            configured = Configuration.Parse(data);
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            Log.Malformed(logger, error.Message);
        }
    }

    /// <param name="Domains">Without dots at their ends, longest first.</param>
    /// <param name="Default">null: the machine's.</param>
    internal sealed record Configuration(IReadOnlyList<(string Domain, IReadOnlyList<IPEndPoint> Servers)> Domains, IReadOnlyList<IPEndPoint>? Default)
    {
        public static readonly Configuration None = new([], null);

        /// <exception cref="FormatException">An address is none.</exception>
        /// <exception cref="JsonException">A value is not JSON of the right shape.</exception>
        public static Configuration Parse(IDictionary<string, string>? data)
        {
            var stubs = Read<Dictionary<string, string[]>>(data, "stubDomains") ?? [];
            var upstream = Read<string[]>(data, "upstreamNameservers");
            return new Configuration(
                [
                    .. stubs
                        .Select(stub => (stub.Key.Trim('.').ToLowerInvariant(), (IReadOnlyList<IPEndPoint>)[.. stub.Value.Select(Address)]))
                        .OrderByDescending(stub => stub.Item1.Length),
                ],
                upstream is { Length: > 0 } ? [.. upstream.Select(Address)] : null);
        }

        public IReadOnlyList<IPEndPoint>? For(string name)
        {
            foreach (var (domain, servers) in Domains)
            {
                if (name == domain || name.EndsWith($".{domain}", StringComparison.Ordinal))
                {
                    return servers;
                }
            }

            return Default;
        }

        private static T? Read<T>(IDictionary<string, string>? data, string key) =>
            data is not null && data.TryGetValue(key, out var json) && json.Trim().Length > 0 ? JsonSerializer.Deserialize<T>(json) : default;

        private static IPEndPoint Address(string text) => IPEndPoint.TryParse(text, out var parsed)
            ? new IPEndPoint(parsed.Address, parsed.Port == 0 ? DnsPort : parsed.Port)
            : throw new FormatException($"\"{text}\" is no address of a name server, like 10.0.0.1 or 10.0.0.1:53");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The ConfigMap kube-dns in kube-system is not used, what it said before is: {Reason}")]
        public static partial void Malformed(ILogger logger, string reason);
    }
}
