using Flotilla.Controllers.ServiceAccounts;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.ServiceAccounts;

public sealed class NamespaceContentTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new ServiceAccountController(context), context => new RootCertificateController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_namespace_gets_its_account_and_certificates_and_gets_them_again()
    {
        await cluster.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = "team" }, Status = new V1NamespaceStatus { Phase = "Active" } });
        await CompleteAsync();
        await cluster.Client.DeleteAsync<V1ServiceAccount>(new("team", "default"), null, CancellationToken.None);
        await cluster.ChangeAsync<V1ConfigMap>("team", "kube-root-ca.crt", map => map.Data["ca.crt"] = "forged");
        await CompleteAsync();
    }

    private Task CompleteAsync() => cluster.UntilAsync(
        async () =>
            (await cluster.ListAsync<V1ServiceAccount>("team")).Any(account => account.Metadata.Name == "default")
            && (await cluster.ListAsync<V1ConfigMap>("team")).Any(map => map.Metadata.Name == "kube-root-ca.crt" && map.Data["ca.crt"] == "PEM"),
        "account and certificates");
}
