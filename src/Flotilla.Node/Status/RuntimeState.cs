using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Status;

/// <summary>What the container runtime says of itself.</summary>
/// <param name="NotReady">Why it cannot run pods, in kubelet's words; null when it can.</param>
internal sealed record RuntimeState(string? NotReady, string Version, IReadOnlyList<V1ContainerImage> Images)
{
    private const int MostImages = 50;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static readonly RuntimeState Starting = new("container runtime is starting", "", []);

    public static async Task<RuntimeState> ReadAsync(CriClient runtime, CancellationToken cancellationToken)
    {
        try
        {
            var deadline = DateTime.UtcNow + Timeout;
            var version = runtime.Runtime.VersionAsync(new VersionRequest(), deadline: deadline, cancellationToken: cancellationToken).ResponseAsync;
            var status = runtime.Runtime.StatusAsync(new StatusRequest(), deadline: deadline, cancellationToken: cancellationToken).ResponseAsync;
            var images = runtime.Images.ListImagesAsync(new ListImagesRequest(), deadline: deadline, cancellationToken: cancellationToken).ResponseAsync;
            await Task.WhenAll(version, status, images);
            var answer = await version;
            return new RuntimeState(
                Reason((await status).Status.Conditions), $"{answer.RuntimeName}://{answer.RuntimeVersion.TrimStart('v')}", Largest((await images).Images))
            {
                Handlers = HandlersOf(await status),
                Features = (await status).Features is { } features ? new V1NodeFeatures { SupplementalGroupsPolicy = features.SupplementalGroupsPolicy } : null,
            };
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            return new RuntimeState($"container runtime is down: {failure.Status.Detail}", "", []) { IsDown = true };
        }
    }

    /// <summary>It did not answer: what is known of it from before still holds.</summary>
    public bool IsDown { get; private init; }

    /// <summary>The handlers that pods may be run by; null: the runtime does not tell (CRI before 1.30).</summary>
    public IList<V1NodeRuntimeHandler>? Handlers { get; private init; }

    /// <summary>null: the runtime does not tell (CRI before 1.31).</summary>
    public V1NodeFeatures? Features { get; private init; }

    internal static IList<V1NodeRuntimeHandler>? HandlersOf(StatusResponse status) => status.RuntimeHandlers.Count == 0 ? null :
        [.. status.RuntimeHandlers.OrderBy(handler => handler.Name, StringComparer.Ordinal).Select(handler => new V1NodeRuntimeHandler
        {
            Name = handler.Name,
            Features = handler.Features is { } features
                ? new V1NodeRuntimeHandlerFeatures { RecursiveReadOnlyMounts = features.RecursiveReadOnlyMounts, UserNamespaces = features.UserNamespaces }
                : null,
        })];

    internal static string? Reason(IEnumerable<RuntimeCondition> conditions)
    {
        var failed = conditions.Where(condition => !condition.Status).ToList();
        if (failed.Find(condition => condition.Type == "RuntimeReady") is { } runtime)
        {
            return $"container runtime not ready: {Text(runtime)}";
        }
        return failed.Find(condition => condition.Type == "NetworkReady") is { } network
            ? $"container runtime network not ready: {Text(network)}"
            : null;
    }

    private static string Text(RuntimeCondition condition) => $"{condition.Type}=false reason:{condition.Reason} message:{condition.Message}";

    private static List<V1ContainerImage> Largest(IEnumerable<Image> images) =>
        [.. images
            .OrderByDescending(image => image.Size)
            .ThenBy(image => image.Id, StringComparer.Ordinal)
            .Take(MostImages)
            .Select(image => new V1ContainerImage { Names = [.. image.RepoDigests, .. image.RepoTags], SizeBytes = (long)image.Size })];
}
