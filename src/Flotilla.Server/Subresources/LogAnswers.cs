using System.Globalization;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client.Streams;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Subresources;

/// <summary><c>GET pods/NAME/log</c>: read on the pod's node, streamed through.</summary>
public sealed class LogAnswers(ObjectStore objects, NodeConnections nodes)
{
    public async Task<ApiAnswer> AnswerAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var target = await nodes.TargetAsync(objects, path, request["container"], cancellationToken);
        var options = new LogOptions
        {
            Follow = ListQuery.IsTrue(request["follow"]),
            Previous = ListQuery.IsTrue(request["previous"]),
            SinceSeconds = Number(request, "sinceSeconds"),
            SinceTime = Times.Parse(request["sinceTime"])?.UtcDateTime,
            TailLines = Number(request, "tailLines"),
            LimitBytes = Number(request, "limitBytes"),
            Timestamps = ListQuery.IsTrue(request["timestamps"]),
        };
        return new ApiAnswer
        {
            ContentType = "text/plain",
            Stream = (output, token) => nodes.Streams.LogsAsync(target, options, output.AsStream(leaveOpen: true), token),
        };
    }

    private static long? Number(ApiRequest request, string name)
    {
        if (request[name] is not { Length: > 0 } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= 0
            ? value
            : throw Failures.BadRequest($"{name}: Invalid value: \"{text}\": must be a number greater than or equal to 0");
    }
}

/// <summary>The way to the nodes' streams: logs, exec, attach, port-forward.</summary>
public sealed class NodeConnections
{
    /// <summary>Set by the composition once the node of this process runs.</summary>
    public INodeStreams? Local { get; set; }

    public INodeStreams Streams => Local ?? throw Failures.Unavailable("the node of this pod is not connected; try again when kubectl get nodes shows it Ready");

    /// <summary>Which container is meant; the answers are upstream's where it cannot be said.</summary>
    public async Task<PodTarget> TargetAsync(ObjectStore objects, ResourcePath path, string? container, CancellationToken cancellationToken)
    {
        var entry = await objects.GetAsync(CoreKinds.Pod, path.Key, cancellationToken);
        var pod = ObjectStore.Decode(CoreKinds.Pod, entry.Value, entry.Modified);
        var spec = pod.Object("spec");
        var names = spec.Objects("containers").Select(item => item.String("name")!).ToList();
        var initial = spec.Objects("initContainers").Select(item => item.String("name")!).ToList();
        var ephemeral = spec.Objects("ephemeralContainers").Select(item => item.String("name")!).ToList();
        if (string.IsNullOrEmpty(container))
        {
            if (names.Count != 1)
            {
                var others = initial.Count > 0 ? $" or one of the init containers: [{string.Join(' ', initial)}]" : "";
                throw Failures.BadRequest($"a container name must be specified for pod {path.Name}, choose one of: [{string.Join(' ', names)}]{others}");
            }

            container = names[0];
        }
        else if (!names.Concat(initial).Concat(ephemeral).Contains(container))
        {
            throw Failures.BadRequest($"container {container} is not valid for pod {path.Name}");
        }

        if (string.IsNullOrEmpty(spec.String("nodeName")))
        {
            throw Failures.BadRequest($"pod {path.Name} does not have a host assigned");
        }

        return new PodTarget(path.Namespace!, path.Name!, container);
    }
}
