using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Node.Csi.Registration;
using Flotilla.Node.Linux;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Csi;

/// <summary>
/// The storage drivers of this node. A driver puts a socket into one directory, is asked there who it is, and is published
/// as a part of the node until the socket is gone.
/// </summary>
internal sealed partial class CsiDrivers(NodeOptions options, IObjectClient client, TimeProvider time, ILogger<CsiDrivers> logger) : BackgroundService
{
    private const int Socket = 0xC000;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private readonly CsiNodeObject published = new(options, client);
    private readonly ConcurrentDictionary<string, CsiDriver> drivers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Seen> sockets = new(StringComparer.Ordinal);

    public CsiDriver? Find(string name) => drivers.GetValueOrDefault(name);

    public IReadOnlyCollection<CsiDriver> All => [.. drivers.Values];

    public override void Dispose()
    {
        foreach (var driver in drivers.Values)
        {
            driver.Dispose();
        }
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isPublished = false;
        try
        {
            using var timer = new PeriodicTimer(LookInterval, time);
            do
            {
                isPublished = isPublished || await AttemptAsync(options.NodeName, () => published.EnsureAsync(stoppingToken));
                await LookAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: what is mounted stays mounted.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var present = Sockets();
        foreach (var (path, identity) in present)
        {
            if (sockets.TryGetValue(path, out var known) && known.Identity == identity)
            {
                continue;
            }
            if (await AttemptAsync(path, () => RegisterAsync(path, identity, cancellationToken)))
            {
                Log.Looked(logger, path);
            }
        }
        foreach (var (path, seen) in sockets.Where(pair => !present.ContainsKey(pair.Key)).ToList())
        {
            if (seen.Driver is null || await AttemptAsync(path, () => ForgetAsync(seen.Driver, cancellationToken)))
            {
                sockets.Remove(path);
            }
        }
    }

    // A socket made anew at the same place is another plugin, or the same one restarted: asked again.
    private Dictionary<string, string> Sockets()
    {
        Directory.CreateDirectory(options.PluginRegistrationDirectory);
        return new DirectoryInfo(options.PluginRegistrationDirectory)
            .EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => (file.FullName, Status: FileStatus.Of(file.FullName)))
            .Where(file => file.Status?.Type == Socket)
            .ToDictionary(file => file.FullName, file => $"{file.Status!.Value.Node}", StringComparer.Ordinal);
    }

    private async Task RegisterAsync(string path, string identity, CancellationToken cancellationToken)
    {
        using var channel = UnixChannel.To(path);
        var registration = new Registration.Registration.RegistrationClient(channel);
        var info = await registration.GetInfoAsync(new InfoRequest(), CsiDriver.Call(cancellationToken));
        if (info.Type != "CSIPlugin")
        {
            sockets[path] = new Seen(identity, null);
            return;
        }
        try
        {
            await ConnectAsync(info, path, cancellationToken);
        }
        catch (Exception failure) when (failure is RpcException or ApiException or HttpRequestException)
        {
            await registration.NotifyRegistrationStatusAsync(new RegistrationStatus { Error = failure.Message }, CsiDriver.Call(cancellationToken));
            throw;
        }
        sockets[path] = new Seen(identity, info.Name);
        await registration.NotifyRegistrationStatusAsync(new RegistrationStatus { PluginRegistered = true }, CsiDriver.Call(cancellationToken));
        Log.Registered(logger, info.Name);
    }

    private async Task ConnectAsync(PluginInfo info, string path, CancellationToken cancellationToken)
    {
        var driver = await CsiDriver.ConnectAsync(info.Name, info.Endpoint.Length == 0 ? path : info.Endpoint, cancellationToken);
        await published.AddAsync(driver, cancellationToken);
        if (drivers.TryGetValue(info.Name, out var old))
        {
            old.Dispose();
        }
        drivers[info.Name] = driver;
    }

    private async Task ForgetAsync(string name, CancellationToken cancellationToken)
    {
        await published.RemoveAsync(name, cancellationToken);
        if (drivers.TryRemove(name, out var driver))
        {
            driver.Dispose();
        }
        Log.Gone(logger, name);
    }

    private async Task<bool> AttemptAsync(string what, Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception failure) when (failure is RpcException or ApiException or HttpRequestException or IOException)
        {
            // The next look tries again.
            Log.Failed(logger, what, failure.Message);
            return false;
        }
    }

    private sealed record Seen(string Identity, string? Driver);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Storage driver {Driver} is registered")]
        public static partial void Registered(ILogger logger, string driver);

        [LoggerMessage(Level = LogLevel.Information, Message = "Storage driver {Driver} is gone")]
        public static partial void Gone(ILogger logger, string driver);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Asked the plugin behind {Socket}")]
        public static partial void Looked(ILogger logger, string socket);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{What} could not be registered: {Reason}")]
        public static partial void Failed(ILogger logger, string what, string reason);
    }
}
