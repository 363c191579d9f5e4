using System.Threading.Channels;
using Flotilla.Api;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client;

/// <summary>
/// Tells users what a component did to an object. Never blocks the caller: a bounded queue feeds one writer,
/// and when the cluster cannot take the events the oldest are dropped. Repetitions become a count.
/// </summary>
public sealed partial class EventRecorder(
    IObjectClient client,
    string component,
    TimeProvider time,
    ILogger logger,
    string host = "") : BackgroundService
{
    private const int QueueLength = 1000;
    private const int Attempts = 5;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly EventAggregator aggregator = new(time);
    private long lastTicks;
    private readonly Channel<Corev1Event> queue = Channel.CreateBounded<Corev1Event>(
        new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <param name="regarding">The object the event is about.</param>
    /// <param name="type"><c>Normal</c> or <c>Warning</c>.</param>
    /// <param name="fieldPath">The part of it, e.g. <c>spec.containers{web}</c>.</param>
    public void Record(IKubernetesObject<V1ObjectMeta> regarding, string type, string reason, string message, string? fieldPath = null)
    {
        var (apiVersion, kind) = TypeOf(regarding);
        Record(
            new V1ObjectReference
            {
                ApiVersion = apiVersion,
                Kind = kind,
                Name = regarding.Metadata.Name,
                NamespaceProperty = regarding.Metadata.NamespaceProperty,
                Uid = regarding.Metadata.Uid,
                ResourceVersion = regarding.Metadata.ResourceVersion,
                FieldPath = fieldPath,
            },
            type,
            reason,
            message);
    }

    public void Record(V1ObjectReference regarding, string type, string reason, string message)
    {
        var now = time.GetUtcNow();
        queue.Writer.TryWrite(new Corev1Event
        {
            ApiVersion = "v1",
            Kind = "Event",
            Metadata = new V1ObjectMeta
            {
                Name = EventAggregator.NewName(regarding.Name, Unique(now)),
                NamespaceProperty = regarding.NamespaceProperty ?? "default",
            },
            InvolvedObject = regarding,
            Reason = reason,
            Message = message,
            Type = type,
            Count = 1,
            FirstTimestamp = now.UtcDateTime,
            LastTimestamp = now.UtcDateTime,
            Source = new V1EventSource { Component = component, Host = host.Length == 0 ? null : host },
            ReportingComponent = component,
            ReportingInstance = host,
        });
    }

    /// <summary>Two events of one moment need different names: the later one gets the next moment.</summary>
    private DateTimeOffset Unique(DateTimeOffset now)
    {
        while (true)
        {
            var last = Interlocked.Read(ref lastTicks);
            var ticks = Math.Max(now.UtcTicks, last + 1);
            if (Interlocked.CompareExchange(ref lastTicks, ticks, last) == last)
            {
                return new DateTimeOffset(ticks, TimeSpan.Zero);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var fresh in queue.Reader.ReadAllAsync(stoppingToken))
            {
                if (aggregator.Admit(fresh) is { } admitted)
                {
                    await WriteAsync(admitted, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Events still queued are lost with the process, as they may be.
        }
    }

    private async Task WriteAsync(Corev1Event value, CancellationToken stoppingToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WriteOnceAsync(value, stoppingToken);
                return;
            }
            catch (ApiException refused) when (refused.Code is >= 400 and < 500 and not 429)
            {
                // The namespace is going away, or the event is not acceptable: trying again changes nothing.
                Log.Refused(logger, value.Reason, value.InvolvedObject.Name, refused.Message);
                return;
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (attempt == Attempts)
                {
                    Log.Lost(logger, error, value.Reason, value.InvolvedObject.Name);
                    return;
                }

                await Task.Delay(RetryAfter, time, stoppingToken);
            }
        }
    }

    private async Task WriteOnceAsync(Corev1Event value, CancellationToken stoppingToken)
    {
        if (value.Count > 1)
        {
            try
            {
                var change = ObjectJson.Encode(new Corev1Event
                {
                    Count = value.Count,
                    Message = value.Message,
                    LastTimestamp = value.LastTimestamp,
                });
                await client.PatchAsync<Corev1Event>(value.Key(), new Patch(PatchKind.Merge, change), null, stoppingToken);
                return;
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                // It expired: the repetition starts anew, with its whole count.
            }
        }

        await client.CreateAsync(value, stoppingToken);
    }

    private static (string ApiVersion, string Kind) TypeOf(IKubernetesObject<V1ObjectMeta> value)
    {
        // Items of a typed list carry no type of their own.
        if (!string.IsNullOrEmpty(value.Kind) && !string.IsNullOrEmpty(value.ApiVersion))
        {
            return (value.ApiVersion, value.Kind);
        }

        var type = ResourceType.Of(value.GetType());
        return (type.ApiVersion, type.Kind);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Event {Reason} about {Name} was refused: {Why}")]
        public static partial void Refused(ILogger logger, string reason, string name, string why);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Event {Reason} about {Name} could not be written")]
        public static partial void Lost(ILogger logger, Exception error, string reason, string name);
    }
}
