using Flotilla.Api;
using Flotilla.Api.Images;
using Flotilla.Client;
using Flotilla.Linux.Cri;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Registry;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Gets a container its image by its pull policy. Failed pulls wait longer each time, per pod and image.</summary>
internal sealed class ImagePuller(CriClient runtime, ImageStore images, IObjectClient client, EventRecorder events, TimeProvider time)
{
    private static readonly TimeSpan ShowFailure = TimeSpan.FromSeconds(2);

    /// <exception cref="ContainerException">There is no such image to be had now.</exception>
    public async Task<Image> EnsureAsync(V1Pod pod, V1Container container, PullHistory history, CancellationToken cancellationToken)
    {
        var field = pod.FieldPath(container.Name);
        Check(pod, container, field);
        var present = await FindAsync(container.Image, cancellationToken);
        var policy = string.IsNullOrEmpty(container.ImagePullPolicy)
            ? ImageName.IsLatest(container.Image) ? "Always" : "IfNotPresent"
            : container.ImagePullPolicy;
        if (present is null && policy == "Never")
        {
            events.Record(pod, "Warning", "ErrImageNeverPull", $"Container image \"{container.Image}\" is not present with pull policy of Never", field);
            throw Failure("ErrImageNeverPull", $"Container image \"{container.Image}\" is not present with pull policy of Never");
        }
        if (present is not null && policy != "Always")
        {
            events.Record(pod, "Normal", "Pulled", $"Container image \"{container.Image}\" already present on machine and can be accessed by the pod", field);
            return present;
        }
        return await PullAsync(pod, container, history, field, cancellationToken);
    }

    private void Check(V1Pod pod, V1Container container, string field)
    {
        try
        {
            ImageName.Normalize(container.Image ?? "");
        }
        catch (FormatException fault)
        {
            var message = $"Failed to apply default image tag \"{container.Image}\": couldn't parse image name \"{container.Image}\": {fault.Message}";
            events.Record(pod, "Warning", "InspectFailed", message, field);
            throw Failure("InvalidImageName", message, fault);
        }
    }

    private async Task<Image> PullAsync(V1Pod pod, V1Container container, PullHistory history, string field, CancellationToken cancellationToken)
    {
        var name = container.Image;
        if (history.WaitFor(name, time.GetUtcNow()) is { } wait)
        {
            events.Record(pod, "Normal", "BackOff", $"Back-off pulling image \"{name}\"", field);
            throw Failure("ImagePullBackOff", $"Back-off pulling image \"{name}\": ErrImagePull: {history.LastError(name)}", retryAfter: wait);
        }
        events.Record(pod, "Normal", "Pulling", $"Pulling image \"{name}\"", field);
        var start = time.GetTimestamp();
        try
        {
            await PullAsync(pod, name, cancellationToken);
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            var reason = Reason(failure);
            history.Failed(name, reason, time.GetUtcNow());
            events.Record(pod, "Warning", "Failed", $"Failed to pull image \"{name}\": {reason}", field);
            throw Failure("ErrImagePull", reason, failure, ShowFailure);
        }
        history.Succeeded(name);
        var image = await FindAsync(name, cancellationToken) ?? throw Failure("ErrImagePull", $"image \"{name}\" is gone right after it was pulled");
        var took = Go.Duration(TimeSpan.FromMilliseconds(Math.Floor(time.GetElapsedTime(start).TotalMilliseconds)));
        events.Record(pod, "Normal", "Pulled", $"Successfully pulled image \"{name}\" in {took} ({took} including waiting). Image size: {image.Size} bytes.", field);
        return image;
    }

    private async Task<Image?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await runtime.Images.ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = name } }, cancellationToken: cancellationToken);
        return answer.Image;
    }

    // As whoever may: the first login that the registry takes. What was loaded by hand is no registry's.
    private async Task PullAsync(V1Pod pod, string image, CancellationToken cancellationToken)
    {
        if (await images.IsLoadedAsync(image, cancellationToken))
        {
            return;
        }
        var logins = RegistryCredentials.For(await SecretsAsync(pod, cancellationToken), ImageName.Normalize(image)).ToList();
        var request = new PullImageRequest { Image = new ImageSpec { Image = image } };
        foreach (var login in logins.SkipLast(1))
        {
            try
            {
                request.Auth = login;
                await runtime.Images.PullImageAsync(request, cancellationToken: cancellationToken);
                return;
            }
            catch (RpcException) when (!cancellationToken.IsCancellationRequested)
            {
                // The next login may do; the last one's failure is told.
            }
        }
        request.Auth = logins.LastOrDefault();
        await runtime.Images.PullImageAsync(request, cancellationToken: cancellationToken);
    }

    private async Task<List<V1Secret>> SecretsAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var secrets = new List<V1Secret>();
        var missing = new List<string>();
        foreach (var name in (pod.Spec.ImagePullSecrets ?? []).Select(reference => reference.Name))
        {
            try
            {
                secrets.Add(await client.GetAsync<V1Secret>(new ObjectKey(pod.Metadata.NamespaceProperty, name), cancellationToken));
            }
            catch (ApiException absent) when (absent.IsNotFound)
            {
                missing.Add(name);
            }
        }
        if (missing.Count > 0)
        {
            events.Record(pod, "Warning", "FailedToRetrieveImagePullSecret", $"Unable to retrieve some image pull secrets ({string.Join(", ", missing)}); attempting to pull the image may not succeed.");
        }
        return secrets;
    }

    // A code that says something is told in gRPC's own form, as upstream does.
    private static string Reason(RpcException failure) => failure.StatusCode == StatusCode.Unknown
        ? failure.Status.Detail
        : $"rpc error: code = {failure.StatusCode} desc = {failure.Status.Detail}";

    private static ContainerException Failure(string reason, string message, Exception? inner = null, TimeSpan? retryAfter = null) =>
        new(reason, message, inner) { EventMessage = reason, RetryAfter = retryAfter };
}
