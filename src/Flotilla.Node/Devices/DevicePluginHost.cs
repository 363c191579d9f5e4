using System.Collections.Concurrent;
using Flotilla.Api.Validation;
using Flotilla.Node.Linux;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Devices;

/// <summary>
/// Where device plugins register: <c>kubelet.sock</c> in their directory. Plugins watch for that file and come again when
/// it is new, so sockets from before are removed at the start.
/// </summary>
internal sealed partial class DevicePluginHost(string directory, DeviceInventory inventory, ILogger<DevicePluginHost> logger) : IHostedService, IAsyncDisposable
{
    public const string SocketName = "kubelet.sock";
    private const string Version = "v1beta1";
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Task, byte> followed = new();
    private WebApplication? application;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        foreach (var old in Directory.EnumerateFiles(directory, "*.sock"))
        {
            File.Delete(old);
        }

        application = await UnixServer.StartAsync<RegistrationService, DevicePluginHost>(Path.Combine(directory, SocketName), this, cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(followed.Keys).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (application is not null)
        {
            await application.StopAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (application is not null)
        {
            await application.DisposeAsync();
        }

        stopping.Dispose();
    }

    private void Register(RegisterRequest request)
    {
        if (request.Version != Version)
        {
            throw Refuse($"failed to validate plugin version, err: requested API version \"{request.Version}\" is not supported by kubelet. Supported version is [\"{Version}\"]");
        }

        if (!request.ResourceName.Contains('/', StringComparison.Ordinal) || Names.CheckLabelKey(request.ResourceName) is not null)
        {
            throw Refuse($"the ResourceName \"{request.ResourceName}\" is invalid");
        }

        if (request.Endpoint.Length == 0 || Path.GetFileName(request.Endpoint) != request.Endpoint)
        {
            throw Refuse($"the endpoint \"{request.Endpoint}\" must be the name of a socket in {directory}");
        }

        var task = FollowAsync(new PluginConnection(request.ResourceName, Path.Combine(directory, request.Endpoint), request.Options ?? new DevicePluginOptions()));
        followed[task] = 0;
        _ = task.ContinueWith(done => followed.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task FollowAsync(PluginConnection plugin)
    {
        await Task.Yield();
        using (plugin)
        {
            inventory.Arrive(plugin);
            Log.Registered(logger, plugin.Resource);
            try
            {
                await foreach (var devices in plugin.WatchAsync(stopping.Token))
                {
                    inventory.Tell(plugin, devices);
                }
            }
            catch (Exception end) when (end is OperationCanceledException or RpcException)
            {
                // The agent stops: the plugin registers with its successor.
            }
            finally
            {
                inventory.Leave(plugin);
                Log.Left(logger, plugin.Resource);
            }
        }
    }

    private static RpcException Refuse(string detail) => new(new Grpc.Core.Status(StatusCode.InvalidArgument, detail));

    private sealed class RegistrationService(DevicePluginHost host) : Registration.RegistrationBase
    {
        public override Task<Empty> Register(RegisterRequest request, ServerCallContext context)
        {
            host.Register(request);
            return Task.FromResult(new Empty());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "A plugin for {Resource} registered")]
        public static partial void Registered(ILogger logger, string resource);

        [LoggerMessage(Level = LogLevel.Information, Message = "The plugin for {Resource} went away")]
        public static partial void Left(ILogger logger, string resource);
    }
}
