using Flotilla.Api;
using Flotilla.Linux;
using Flotilla.Node.Linux;
using Flotilla.Node.Plugins.Registration;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Plugins;

/// <summary>
/// The plugins of this node. A plugin puts a socket into one directory, is asked there who it is, and serves until the
/// socket is gone.
/// </summary>
internal sealed partial class PluginWatcher(string directory, IReadOnlyList<IPluginKind> kinds, TimeProvider time, ILogger<PluginWatcher> logger) : BackgroundService
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);
    private readonly Dictionary<string, Seen> sockets = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(LookInterval, time);
            do
            {
                await LookAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping: what plugins have set up stays set up.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var kind in kinds)
        {
            await AttemptAsync(kind.Type, () => kind.LookAfterAsync(cancellationToken));
        }
        var present = Sockets();
        foreach (var (path, identity) in present.Where(pair => sockets.GetValueOrDefault(pair.Key)?.Identity != pair.Value))
        {
            await AttemptAsync(path, () => RegisterAsync(path, identity, cancellationToken));
        }
        foreach (var (path, seen) in sockets.Where(pair => !present.ContainsKey(pair.Key)).ToList())
        {
            if (await AttemptAsync(path, () => ForgetAsync(seen, cancellationToken)))
            {
                sockets.Remove(path);
            }
        }
    }

    // A socket made anew at the same place is another plugin, or the same one restarted: asked again.
    private Dictionary<string, string> Sockets()
    {
        Directory.CreateDirectory(directory);
        return new DirectoryInfo(directory)
            .EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => (file.FullName, Status: FileStatus.Of(file.FullName)))
            .Where(file => file.Status?.Type == FileStatus.Socket)
            .ToDictionary(file => file.FullName, file => $"{file.Status!.Value.Node}", StringComparer.Ordinal);
    }

    private async Task RegisterAsync(string path, string identity, CancellationToken cancellationToken)
    {
        using var channel = UnixChannel.To(path);
        var registration = new Registration.Registration.RegistrationClient(channel);
        var info = await registration.GetInfoAsync(new InfoRequest(), Call(cancellationToken));
        var seen = new Seen(identity, kinds.FirstOrDefault(kind => kind.Type == info.Type), info.Name, info.Endpoint.Length == 0 ? path : info.Endpoint);
        if (sockets.TryGetValue(path, out var before) && before with { Identity = identity } != seen)
        {
            await ForgetAsync(before, cancellationToken);
        }
        if (seen.Kind is { } known)
        {
            await RegisterAsync(known, info, seen.Endpoint, registration, cancellationToken);
        }
        sockets[path] = seen;
    }

    private async Task RegisterAsync(
        IPluginKind kind, PluginInfo info, string endpoint, Registration.Registration.RegistrationClient registration, CancellationToken cancellationToken)
    {
        try
        {
            await kind.RegisterAsync(info, endpoint, cancellationToken);
        }
        catch (Exception failure) when (failure is PluginException or RpcException or ApiException or HttpRequestException)
        {
            await registration.NotifyRegistrationStatusAsync(new RegistrationStatus { Error = failure.Message }, Call(cancellationToken));
            throw;
        }
        await registration.NotifyRegistrationStatusAsync(new RegistrationStatus { PluginRegistered = true }, Call(cancellationToken));
        Log.Registered(logger, info.Type, info.Name);
    }

    private async Task ForgetAsync(Seen seen, CancellationToken cancellationToken)
    {
        if (seen.Kind is { } kind)
        {
            await kind.ForgetAsync(seen.Name, seen.Endpoint, cancellationToken);
            Log.Gone(logger, kind.Type, seen.Name);
        }
    }

    private async Task<bool> AttemptAsync(string what, Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception failure) when (failure is PluginException or RpcException or ApiException or HttpRequestException or IOException)
        {
            // The next look tries again.
            Log.Failed(logger, what, failure.Message);
            return false;
        }
    }

    private static CallOptions Call(CancellationToken cancellationToken) => new(deadline: DateTime.UtcNow + CallTimeout, cancellationToken: cancellationToken);

    /// <param name="Kind">null: of a type that nobody here uses.</param>
    private sealed record Seen(string Identity, IPluginKind? Kind, string Name, string Endpoint);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Type} {Name} is registered")]
        public static partial void Registered(ILogger logger, string type, string name);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Type} {Name} is gone")]
        public static partial void Gone(ILogger logger, string type, string name);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{What} could not be looked after: {Reason}")]
        public static partial void Failed(ILogger logger, string what, string reason);
    }
}
