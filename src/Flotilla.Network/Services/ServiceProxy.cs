using System.Threading.Channels;
using Flotilla.Client;
using Flotilla.Network.Commands;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.Services;

/// <summary>
/// Keeps the kernel's rules equal to the cluster's Services. Changes are gathered for a moment and become one
/// transaction; everything is written at the start, and again whenever the table was found altered.
/// </summary>
public sealed partial class ServiceProxy : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly InformerSet informers;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Informer<V1Service> services;
    private readonly Informer<V1EndpointSlice> slices;
    private readonly Informer<V1Pod> pods;
    private readonly ServiceCompiler compiler;
    private readonly NftTable table;
    private readonly FlowCleaner cleaner;
    private readonly Channel<bool> changed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public ServiceProxy(
        NetworkOptions options, InformerSet informers, HostCommands commands, bool seesBridgedPackets, TimeProvider time, ILoggerFactory loggers)
    {
        this.informers = informers;
        this.time = time;
        logger = loggers.CreateLogger<ServiceProxy>();
        services = informers.Of<V1Service>();
        slices = informers.Of<V1EndpointSlice>();
        pods = informers.Of<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={options.NodeName}"));
        compiler = new ServiceCompiler(options);
        table = new NftTable(options, commands, seesBridgedPackets, logger);
        cleaner = new FlowCleaner(commands, logger);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        services.Subscribe(_ => changed.Writer.TryWrite(true));
        slices.Subscribe(_ => changed.Writer.TryWrite(true));
        pods.Subscribe(OnPod);
        try
        {
            await services.WaitForSyncAsync(stoppingToken);
            await slices.WaitForSyncAsync(stoppingToken);
            await pods.WaitForSyncAsync(stoppingToken);
            changed.Writer.TryWrite(true);
            while (true)
            {
                await WaitAsync(stoppingToken);
                await ApplyAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The rules stay: pods keep their services while the agent restarts.
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var check = new CancellationTokenSource(CheckEvery, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(check.Token, cancellationToken);
        try
        {
            await changed.Reader.ReadAsync(either.Token);
            await Task.Delay(Gather, time, cancellationToken);
            changed.Reader.TryRead(out _);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing changed for a while: see that nobody flushed the rules.
            await table.CheckAsync(cancellationToken);
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        try
        {
            var wanted = compiler.Compile(services.List(), slices.List(), pods.List().SelectMany(PodPorts.Of));
            var old = table.Applied;
            await table.ApplyAsync(wanted, cancellationToken);
            await cleaner.CleanAsync(old, wanted, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Whatever is wrong with one object or the machine now, services must come back by themselves.
            Log.Failed(logger, error is CommandException ? null : error, error.Message);
            await Task.Delay(RetryAfter, time, cancellationToken);
            changed.Writer.TryWrite(true);
        }
    }

    private void OnPod(ObjectChange<V1Pod> change)
    {
        if (PodPorts.Of(change.Latest).Any() || (change.Old is not null && PodPorts.Of(change.Old).Any()))
        {
            changed.Writer.TryWrite(true);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Service rules could not be applied; trying again: {Reason}")]
        public static partial void Failed(ILogger logger, Exception? error, string reason);
    }
}
