using System.Diagnostics;
using System.Globalization;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Containerd;

/// <summary>
/// Keeps the node's own containerd running. It is a process of its own session that outlives the agent: one that still
/// answers is adopted, and it is never stopped when the agent stops. Only a changed configuration restarts it,
/// which leaves containers alone (their shims are processes of their own).
/// </summary>
public sealed partial class ContainerdSupervisor(
    NodeOptions options, CriClient runtime, TimeProvider time, ILogger<ContainerdSupervisor> logger) : BackgroundService
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    // Somebody else's runtime runs already, or is started by hand: nothing is gained by waiting long.
    private static readonly TimeSpan ForeignTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(2);

    private bool Owns => options.ContainerRuntimeEndpoint is null;

    /// <summary>Returns when the runtime answers.</summary>
    public async Task EnsureRunningAsync(CancellationToken cancellationToken)
    {
        if (Owns)
        {
            var changed = ContainerdConfiguration.Write(
                ContainerdConfiguration.ConfigFile(options),
                ContainerdConfiguration.Toml(options, restrictOomScore: !CanLowerOomScore()));
            var running = ContainerdProcess.Find(options);
            if (running is not null && changed)
            {
                Log.ConfigurationChanged(logger, running.Value);
                await ContainerdProcess.StopAsync(running.Value, cancellationToken);
                running = null;
            }
            if (running is null)
            {
                await StartContainerdAsync(cancellationToken);
            }
            else
            {
                Log.Adopted(logger, running.Value);
            }
        }
        await WaitUntilAnsweringAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!Owns)
        {
            return;
        }
        using var timer = new PeriodicTimer(CheckInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (ContainerdProcess.Find(options) is not null)
            {
                continue;
            }
            Log.Died(logger);
            try
            {
                await EnsureRunningAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is TimeoutException or InvalidOperationException or IOException)
            {
                Log.StartFailed(logger, failure.Message);
            }
        }
    }

    private async Task StartContainerdAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(ContainerdConfiguration.Root(options));
        Directory.CreateDirectory(ContainerdConfiguration.State(options));
        Directory.CreateDirectory(ContainerdConfiguration.RegistryHosts(options));
        Directory.CreateDirectory(options.CniConfigurationDirectory);
        File.Delete(options.ContainerdSocket);
        await ContainerdProcess.StartAsync(options, cancellationToken);
        Log.Started(logger);
    }

    private async Task WaitUntilAnsweringAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                await runtime.Runtime.VersionAsync(
                    new VersionRequest(), deadline: DateTime.UtcNow.AddSeconds(5), cancellationToken: cancellationToken);
                return;
            }
            catch (RpcException failure)
            {
                if (Owns && ContainerdProcess.Find(options) is null)
                {
                    throw new InvalidOperationException(
                        $"containerd ended while starting: {ContainerdProcess.LastLogLine(options)} (log: {ContainerdProcess.LogFile(options)})");
                }
                if (time.GetElapsedTime(start) > (Owns ? StartTimeout : ForeignTimeout))
                {
                    throw new TimeoutException($"The container runtime at {options.RuntimeSocket} does not answer: {RuntimeFailure.Describe(failure, options.RuntimeSocket)}.");
                }
            }
            await Task.Delay(TimeSpan.FromMilliseconds(25), time, cancellationToken);
        }
    }

    // Without CAP_SYS_RESOURCE (nested containers) no process may get a lower score than our own.
    private static bool CanLowerOomScore()
    {
        const string path = "/proc/self/oom_score_adj";
        try
        {
            var own = File.ReadAllText(path);
            File.WriteAllText(path, (int.Parse(own, CultureInfo.InvariantCulture) - 1).ToString(CultureInfo.InvariantCulture));
            File.WriteAllText(path, own);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Started containerd")]
        public static partial void Started(ILogger logger);

        [LoggerMessage(Level = LogLevel.Information, Message = "Adopted containerd, process {Process}")]
        public static partial void Adopted(ILogger logger, int process);

        [LoggerMessage(Level = LogLevel.Information, Message = "containerd's configuration changed: restarting process {Process}")]
        public static partial void ConfigurationChanged(ILogger logger, int process);

        [LoggerMessage(Level = LogLevel.Warning, Message = "containerd ended: starting it again")]
        public static partial void Died(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "containerd does not start: {Reason}")]
        public static partial void StartFailed(ILogger logger, string reason);
    }
}
