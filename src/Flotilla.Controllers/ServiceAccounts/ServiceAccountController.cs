using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.ServiceAccounts;

/// <summary>Sees to it that every namespace has the account that pods run as when they name none.</summary>
internal sealed class ServiceAccountController : Controller
{
    private const string Default = "default";

    private readonly Informer<V1Namespace> namespaces;
    private readonly Informer<V1ServiceAccount> accounts;

    public ServiceAccountController(ControllerContext context)
        : base(context, "service-account-controller", workers: 1)
    {
        namespaces = WatchAndEnqueue<V1Namespace>();
        accounts = Watch<V1ServiceAccount>();
        accounts.Subscribe(change =>
        {
            if (change is { New: null, Old.Metadata.Name: Default })
            {
                Queue.Add(new ObjectKey(null, change.Old.Metadata.NamespaceProperty));
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (namespaces.Get(key) is not { Status.Phase: not "Terminating" } present || present.IsDeleting() || accounts.Get(new ObjectKey(key.Name, Default)) is not null)
        {
            return;
        }

        try
        {
            await Client.CreateAsync(
                new V1ServiceAccount
                {
                    ApiVersion = "v1",
                    Kind = "ServiceAccount",
                    Metadata = new V1ObjectMeta { Name = Default, NamespaceProperty = key.Name },
                },
                cancellationToken);
        }
        catch (ApiException settled) when (settled.IsAlreadyExists || settled.IsNamespaceEnding())
        {
            // It is there, or the namespace is going.
        }
    }
}
