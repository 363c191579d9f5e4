using System.Text;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

/// <summary>Images from a real registry, from the machine itself, and from none.</summary>
public sealed class ImagePullTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_loaded_image_is_pulled_from_here_every_time_when_it_must_always_be()
    {
        await using var host = await AgentHost.StartAsync(node);
        await using var archive = TestImages.Busybox("loaded:1");
        await node.Images.ImportAsync(archive, Cancellation);
        for (var round = 0; round < 2; round++)
        {
            var pod = host.Create(Pod("always-" + round, "loaded:1"));
            await host.UntilAsync(pod, IsReady);
            Assert.Contains("Normal Pulling Pulling image \"loaded:1\" spec.containers{c}", host.Events(pod));
            Assert.Contains(host.Events(pod), text => text.StartsWith("Normal Pulled Successfully pulled image \"loaded:1\" in ", StringComparison.Ordinal));
            await host.RemoveAsync(pod);
        }
    }

    [Fact]
    public async Task What_keeps_a_registry_from_answering_is_told()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(Pod("nowhere", "registry.invalid/none:1"));
        var failed = await host.UntilAsync(pod, current => Waiting(current) == "ErrImagePull");
        Assert.Contains("Head \"https://registry.invalid/v2/none/manifests/1\"", failed.Status.ContainerStatuses[0].State.Waiting.Message, StringComparison.Ordinal);
        await host.RemoveAsync(pod);
    }

    [Theory]
    [InlineData(".dockerconfigjson", """{"auths":{"HOST":{"auth":"AUTH"}}}""")]
    [InlineData(".dockercfg", """{"http://HOST/v2/":{"username":"puller","password":"secret"}}""")]
    public async Task A_pull_secret_opens_its_registry(string key, string configuration)
    {
        await using var registry = await DockerRegistry.StartAsync(Cancellation);
        await registry.PushAsync("team/app", "1", "first", Cancellation);
        await using var host = await AgentHost.StartAsync(node);
        Secret(host, key, configuration, registry, $"{DockerRegistry.User}:{DockerRegistry.Password}");

        var pod = host.Create(Pod("private", registry.Host + "/team/app:1"));
        var id = (await host.UntilAsync(pod, IsReady)).Status.ContainerStatuses[0].ImageID;
        await host.RemoveAsync(pod);

        // That it is here now opens it to nobody else, also not by its digest.
        var other = Pod("other", registry.Host + "/team/app@" + id[(id.IndexOf('@') + 1)..]);
        other.Spec.ImagePullSecrets = null;
        host.Create(other);
        await host.UntilAsync(other, current => Waiting(current) == "ErrImagePull");
        await host.RemoveAsync(other);
    }

    [Fact]
    public async Task Without_the_right_password_a_pull_fails_and_waits()
    {
        await using var registry = await DockerRegistry.StartAsync(Cancellation);
        await registry.PushAsync("team/app", "1", "first", Cancellation);
        await using var host = await AgentHost.StartAsync(node);
        Secret(host, ".dockerconfigjson", """{"auths":{"HOST":{"auth":"AUTH"}}}""", registry, $"{DockerRegistry.User}:wrong");

        var pod = host.Create(Pod("denied", registry.Host + "/team/app:1"));
        var failed = await host.UntilAsync(pod, current => Waiting(current) == "ErrImagePull");
        Assert.Contains("401 Unauthorized", failed.Status.ContainerStatuses[0].State.Waiting.Message, StringComparison.Ordinal);
        Assert.Contains(host.Events(pod), text => text.StartsWith($"Warning Failed Failed to pull image \"{registry.Host}/team/app:1\": failed to pull and unpack image", StringComparison.Ordinal));
        var held = await host.UntilAsync(pod, current => Waiting(current) == "ImagePullBackOff");
        Assert.StartsWith($"Back-off pulling image \"{registry.Host}/team/app:1\": ErrImagePull: ", held.Status.ContainerStatuses[0].State.Waiting.Message, StringComparison.Ordinal);

        // The right one is used as soon as the wait is over.
        Secret(host, ".dockerconfigjson", """{"auths":{"HOST":{"auth":"AUTH"}}}""", registry, $"{DockerRegistry.User}:{DockerRegistry.Password}");
        await host.UntilAsync(pod, IsReady);
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task A_missing_secret_is_told()
    {
        await using var registry = await DockerRegistry.StartAsync(Cancellation);
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(Pod("missing", registry.Host + "/team/app:1"));
        await host.UntilAsync(pod, current => Waiting(current) == "ErrImagePull");
        Assert.Contains("Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (login); attempting to pull the image may not succeed.", host.Events(pod));
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task A_tag_that_moves_in_its_registry_is_followed()
    {
        await using var registry = await DockerRegistry.StartAsync(Cancellation);
        await using var host = await AgentHost.StartAsync(node);
        Secret(host, ".dockerconfigjson", """{"auths":{"HOST":{"auth":"AUTH"}}}""", registry, $"{DockerRegistry.User}:{DockerRegistry.Password}");
        var images = new List<string>();
        foreach (var note in new[] { "first", "second" })
        {
            await registry.PushAsync("moving", "latest", note, Cancellation);
            var pod = host.Create(Pod("moving-" + note, registry.Host + "/moving"));
            images.Add((await host.UntilAsync(pod, IsReady)).Status.ContainerStatuses[0].ImageID);
            await host.RemoveAsync(pod);
        }
        Assert.NotEqual(images[0], images[1]);
    }

    private static bool IsReady(V1Pod pod) => pod.Status.ContainerStatuses?[0].Ready == true;

    private static string? Waiting(V1Pod pod) => pod.Status.ContainerStatuses?[0].State.Waiting?.Reason;

    private static V1Pod Pod(string name, string image) => AgentHost.Pod(name, spec =>
    {
        spec.Containers[0].Image = image;
        spec.Containers[0].ImagePullPolicy = "Always";
        spec.ImagePullSecrets = [new V1LocalObjectReference { Name = "login" }];
    });

    private static void Secret(AgentHost host, string key, string configuration, DockerRegistry registry, string login)
    {
        var json = configuration.Replace("HOST", registry.Host, StringComparison.Ordinal)
            .Replace("AUTH", Convert.ToBase64String(Encoding.UTF8.GetBytes(login)), StringComparison.Ordinal);
        host.Cluster.Put(new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = "login", NamespaceProperty = "default" },
            Data = new Dictionary<string, byte[]> { [key] = Encoding.UTF8.GetBytes(json) },
        });
    }
}
