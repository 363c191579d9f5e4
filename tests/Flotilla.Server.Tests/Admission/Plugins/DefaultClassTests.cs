using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Admission.Plugins;

/// <summary>Default classes are the whole cluster's, so these have one of their own.</summary>
public sealed class DefaultClassTests : IAsyncLifetime
{
    private readonly ApiHost host = new();

    public ValueTask InitializeAsync() => host.InitializeAsync();

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Fact]
    public async Task Claims_and_ingresses_without_a_class_get_the_default_one()
    {
        var space = await host.SpaceAsync();
        const string classes = "/apis/storage.k8s.io/v1/storageclasses";
        (await host.Admin.PostAsync(classes, """{"metadata":{"name":"plugin-default","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p"}""")).Expect(201);
        var claim = await host.Admin.PostAsync($"/api/v1/namespaces/{space}/persistentvolumeclaims", """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""");
        Assert.Equal("plugin-default", (string?)claim.Expect(201)["spec.storageClassName"]);
        (await host.Admin.DeleteAsync($"{classes}/plugin-default")).Expect(200);

        const string ingressClasses = "/apis/networking.k8s.io/v1/ingressclasses";
        (await host.Admin.PostAsync(ingressClasses, """{"metadata":{"name":"plugin-default","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"example.com/c"}}""")).Expect(201);
        var ingress = await host.Admin.PostAsync($"/apis/networking.k8s.io/v1/namespaces/{space}/ingresses", """{"metadata":{"name":"i"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}""");
        Assert.Equal("plugin-default", (string?)ingress.Expect(201)["spec.ingressClassName"]);
        (await host.Admin.DeleteAsync($"{ingressClasses}/plugin-default")).Expect(200);
    }

    [Fact]
    public async Task There_is_one_default_priority_class()
    {
        const string classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
        (await host.Admin.PostAsync(classes, """{"metadata":{"name":"plugin-first"},"value":0,"globalDefault":true}""")).Expect(201);
        Assert.Equal(
            "priorityclasses.scheduling.k8s.io \"plugin-second\" is forbidden: PriorityClass plugin-first is already marked as default. Only one default can exist",
            (await host.Admin.PostAsync(classes, """{"metadata":{"name":"plugin-second"},"value":0,"globalDefault":true}""")).Expect(403).Message);
        (await host.Admin.DeleteAsync($"{classes}/plugin-first")).Expect(200);
    }
}
