using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Scheduler.Feed;
using Flotilla.Scheduler.Queue;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Scheduler.Binding;

/// <summary>Tells the cluster which node a pod got; takes the decision back when the cluster refuses.</summary>
public sealed partial class Binder(IObjectClient client, SchedulerState state, EventRecorder events, ILogger logger)
{
    public async Task BindAsync(QueuedPod queued, PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        var binding = new V1Binding
        {
            ApiVersion = "v1",
            Kind = "Binding",
            Metadata = new V1ObjectMeta { Name = pod.Key.Name, NamespaceProperty = pod.Namespace, Uid = pod.Uid },
            Target = new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = nodeName },
        };
        try
        {
            await client.PostAsync<V1Pod, V1Binding, V1Status>(pod.Key, "binding", binding, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Undo(queued, pod, nodeName, error);
            return;
        }

        events.Record(pod.Pod, "Normal", "Scheduled", $"Successfully assigned {pod.Key} to {nodeName}");
        Log.Bound(logger, pod.Key, nodeName);
    }

    private void Undo(QueuedPod queued, PodInfo pod, string nodeName, Exception error)
    {
        lock (state.Gate)
        {
            state.Forget(pod);
        }

        if (error is ApiException { IsNotFound: true })
        {
            // The pod was deleted in the meantime; the watch tells the rest.
            Log.Gone(logger, pod.Key);
            return;
        }

        Log.Refused(logger, error, pod.Key, nodeName);
        events.Record(pod.Pod, "Warning", "FailedScheduling", $"binding rejected: {error.Message}");
        state.Queue.Retry(queued);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Bound {Pod} to {Node}")]
        public static partial void Bound(ILogger logger, ObjectKey pod, string node);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{Pod} went away before it was bound")]
        public static partial void Gone(ILogger logger, ObjectKey pod);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Binding {Pod} to {Node} was refused; trying again")]
        public static partial void Refused(ILogger logger, Exception error, ObjectKey pod, string node);
    }
}
