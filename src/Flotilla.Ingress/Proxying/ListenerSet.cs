using Flotilla.Ingress.Certificates;
using Microsoft.Extensions.Logging;

namespace Flotilla.Ingress.Proxying;

/// <summary>The open ports. One that is not to be had is told once, tried again at every change, and never holds up the others.</summary>
internal sealed partial class ListenerSet(IngressOptions options, ProxyEngine engine, CertificateCache certificates, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private readonly ILogger logger = loggers.CreateLogger<ListenerSet>();
    private readonly Dictionary<int, Listener> listeners = [];
    private readonly HashSet<int> refused = [];

    /// <summary>The ports that are open, as asked for.</summary>
    public IReadOnlyList<int> Ports => [.. listeners.Keys.Order()];

    /// <summary>Asked for but taken by others.</summary>
    public bool HasRefused => refused.Count > 0;

    /// <summary>Where the listener for <paramref name="port"/> really is: for port 0 the system chooses.</summary>
    public int? RealPort(int port) => listeners.GetValueOrDefault(port)?.Port;

    /// <summary>From now on these ports, with these tables.</summary>
    /// <param name="claimed">Ports that services have, with their names; only what is open already stays open.</param>
    public async Task ApplyAsync(IReadOnlyList<PortTable> tables, IReadOnlyDictionary<int, string> claimed, CancellationToken cancellationToken)
    {
        foreach (var (port, listener) in listeners.ToList())
        {
            var wanted = tables.FirstOrDefault(table => table.Port == port);
            if (wanted is null || wanted.Protocol != listener.Table.Protocol)
            {
                listeners.Remove(port);
                await CloseAsync(listener);
                Log.Closed(logger, port);
            }
            else
            {
                listener.Table = wanted;
            }
        }

        refused.RemoveWhere(port => tables.All(table => table.Port != port));
        foreach (var table in tables.Where(table => !listeners.ContainsKey(table.Port)))
        {
            if (!claimed.TryGetValue(table.Port, out var service))
            {
                await OpenAsync(table, cancellationToken);
            }
            else if (refused.Add(table.Port))
            {
                Log.Claimed(logger, table.Port, service);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(listeners.Values.Select(CloseAsync));
        listeners.Clear();
    }

    private static async Task CloseAsync(Listener listener)
    {
        await listener.StopAsync(Grace);
        await listener.DisposeAsync();
    }

    private async Task OpenAsync(PortTable table, CancellationToken cancellationToken)
    {
        try
        {
            listeners.Add(table.Port, await Listener.StartAsync(table, options, engine, certificates, loggers, cancellationToken));
            refused.Remove(table.Port);
            Log.Opened(logger, table.Port, table.Protocol);
        }
        catch (Exception taken) when (taken is IOException or System.Net.Sockets.SocketException)
        {
            if (refused.Add(table.Port))
            {
                Log.Refused(logger, table.Port, taken.Message);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Ingress listens on port {Port} ({Protocol})")]
        public static partial void Opened(ILogger logger, int port, PortProtocol protocol);

        [LoggerMessage(Level = LogLevel.Information, Message = "Ingress no longer listens on port {Port}")]
        public static partial void Closed(ILogger logger, int port);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Ingress cannot listen on port {Port}: service {Service} of type LoadBalancer has it; give that one another port, or the cluster a --load-balancer-pool")]
        public static partial void Claimed(ILogger logger, int port, string service);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Ingress cannot listen on port {Port} ({Reason}): end the program that has it, or choose others with --ingress-http-port and --ingress-https-port")]
        public static partial void Refused(ILogger logger, int port, string reason);
    }
}
