using System.Text;
using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>Gets a container its image by its pull policy. Failed pulls wait longer each time, per pod and image.</summary>
internal sealed class ImagePuller(CriClient runtime, IObjectClient client, EventRecorder events, TimeProvider time)
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
        // An image without digest was loaded here by hand: no registry has it, so its newest version is this one.
        if (present is not null && (policy != "Always" || present.RepoDigests.Count == 0))
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
            var request = new PullImageRequest { Image = new ImageSpec { Image = name }, Auth = await CredentialsAsync(pod, name, cancellationToken) };
            await runtime.Images.PullImageAsync(request, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            history.Failed(name, failure.Status.Detail, time.GetUtcNow());
            events.Record(pod, "Warning", "Failed", $"Failed to pull image \"{name}\": {failure.Status.Detail}", field);
            throw Failure("ErrImagePull", failure.Status.Detail, failure, ShowFailure);
        }
        history.Succeeded(name);
        var image = await FindAsync(name, cancellationToken) ?? throw Failure("ErrImagePull", $"image \"{name}\" is gone right after it was pulled");
        var took = Go.Duration(TimeSpan.FromMilliseconds(Math.Round(time.GetElapsedTime(start).TotalMilliseconds)));
        events.Record(pod, "Normal", "Pulled", $"Successfully pulled image \"{name}\" in {took} ({took} including waiting). Image size: {image.Size} bytes.", field);
        return image;
    }

    private async Task<Image?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await runtime.Images.ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = name } }, cancellationToken: cancellationToken);
        return answer.Image;
    }

    private async Task<AuthConfig?> CredentialsAsync(V1Pod pod, string image, CancellationToken cancellationToken)
    {
        foreach (var reference in pod.Spec.ImagePullSecrets ?? [])
        {
            try
            {
                var secret = await client.GetAsync<V1Secret>(new ObjectKey(pod.Metadata.NamespaceProperty, reference.Name), cancellationToken);
                if (secret.Data is not null
                    && secret.Data.TryGetValue(".dockerconfigjson", out var json)
                    && RegistryCredentials.Find(json, ImageName.Normalize(image)) is { } found)
                {
                    return found;
                }
            }
            catch (ApiException missing) when (missing.IsNotFound)
            {
                events.Record(pod, "Warning", "FailedToRetrieveImagePullSecret", $"Unable to retrieve some image pull secrets ({reference.Name}); attempting to pull the image may not succeed.");
            }
        }
        return null;
    }

    private static ContainerException Failure(string reason, string message, Exception? inner = null, TimeSpan? retryAfter = null) =>
        new(reason, message, inner) { EventMessage = reason, RetryAfter = retryAfter };
}

/// <summary>What happened to one pod's pulls.</summary>
internal sealed class PullHistory
{
    private readonly Dictionary<string, (BackOff Wait, string Error, DateTimeOffset Until)> failures = new(StringComparer.Ordinal);

    public TimeSpan? WaitFor(string image, DateTimeOffset now) =>
        failures.TryGetValue(image, out var failure) && failure.Until > now ? failure.Until - now : null;

    public string LastError(string image) => failures[image].Error;

    public void Failed(string image, string error, DateTimeOffset now)
    {
        var wait = failures.TryGetValue(image, out var known) ? known.Wait : new BackOff();
        wait.Grow();
        failures[image] = (wait, error, now + wait.Delay);
    }

    public void Succeeded(string image) => failures.Remove(image);
}

internal static class RegistryCredentials
{
    private static readonly string[] DockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

    /// <param name="dockerConfig">A docker config.json.</param>
    /// <param name="image">A full image name.</param>
    public static AuthConfig? Find(byte[] dockerConfig, string image)
    {
        try
        {
            using var document = JsonDocument.Parse(dockerConfig);
            var host = image[..image.IndexOf('/')];
            foreach (var entry in document.RootElement.GetProperty("auths").EnumerateObject())
            {
                var server = entry.Name.Replace("https://", "", StringComparison.Ordinal).Replace("http://", "", StringComparison.Ordinal).Split('/')[0];
                if (server == host || (DockerHub.Contains(server) && DockerHub.Contains(host)))
                {
                    return Parse(entry.Value);
                }
            }
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or FormatException)
        {
            // A secret that is no docker configuration grants nothing; the registry's refusal will tell.
        }
        return null;
    }

    private static AuthConfig Parse(JsonElement entry)
    {
        if (entry.TryGetProperty("auth", out var auth) && auth.GetString() is { Length: > 0 } encoded)
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(encoded)).Split(':', 2);
            return new AuthConfig { Username = pair[0], Password = pair.Length > 1 ? pair[1] : "" };
        }
        return new AuthConfig
        {
            Username = entry.TryGetProperty("username", out var user) ? user.GetString() ?? "" : "",
            Password = entry.TryGetProperty("password", out var password) ? password.GetString() ?? "" : "",
        };
    }
}
