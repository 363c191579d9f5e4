using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Controllers.ServiceAccounts;

/// <summary>Fills Secrets of type <c>kubernetes.io/service-account-token</c>, and removes those whose account is gone.</summary>
internal sealed class TokenSecretController : Controller
{
    private const string SecretType = "kubernetes.io/service-account-token";
    private const string NameKey = "kubernetes.io/service-account.name";
    private const string UidKey = "kubernetes.io/service-account.uid";

    private readonly Informer<V1Secret> secrets;
    private readonly Informer<V1ServiceAccount> accounts;

    public TokenSecretController(ControllerContext context)
        : base(context, "tokens-controller", workers: 1)
    {
        secrets = Watch<V1Secret>(new ListScope(FieldSelector: $"type={SecretType}"));
        secrets.Subscribe(change => Queue.Add(change.Latest.Key()));
        Watch<V1ConfigMap>().Subscribe(change =>
        {
            if (TrustedAuthorities.AreIn(change))
            {
                foreach (var secret in secrets.List())
                {
                    Queue.Add(secret.Key());
                }
            }
        });
        accounts = Watch<V1ServiceAccount>();
        accounts.Subscribe(change =>
        {
            foreach (var secret in secrets.List(change.Latest.Metadata.NamespaceProperty).Where(secret => AccountOf(secret) == change.Latest.Metadata.Name))
            {
                Queue.Add(secret.Key());
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (secrets.Get(key) is not { } secret || secret.IsDeleting() || AccountOf(secret) is not { } name || Options.SignLegacyToken is not { } sign)
        {
            return;
        }

        if (await FindAsync(new ObjectKey(key.Namespace, name), cancellationToken) is not { } account || !Belongs(secret, account))
        {
            await DeleteAsync(secret, cancellationToken);
            return;
        }

        var wanted = new Dictionary<string, byte[]>(secret.Data ?? new Dictionary<string, byte[]>())
        {
            ["ca.crt"] = Encoding.UTF8.GetBytes(Options.RootCertificates()),
            ["namespace"] = Encoding.UTF8.GetBytes(key.Namespace!),
        };
        if (!wanted.TryGetValue("token", out var token) || token.Length == 0)
        {
            wanted["token"] = Encoding.UTF8.GetBytes(sign(key.Namespace!, name, account.Metadata.Uid, key.Name));
        }

        if (!IsSame(secret, wanted, account))
        {
            var annotations = new Dictionary<string, string>(secret.Metadata.Annotations) { [UidKey] = account.Metadata.Uid };
            await Client.UpdateAsync(secret with { Data = wanted, Metadata = secret.Metadata with { Annotations = annotations } }, cancellationToken);
        }
    }

    // The cache may not have seen a new account yet: only the server knows that there is none.
    private async Task<V1ServiceAccount?> FindAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (accounts.Get(key) is { } known)
        {
            return known;
        }

        try
        {
            return await Client.GetAsync<V1ServiceAccount>(key, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return null;
        }
    }

    private async Task DeleteAsync(V1Secret secret, CancellationToken cancellationToken)
    {
        try
        {
            await Client.DeleteAsync<V1Secret>(secret.Key(), new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = secret.Metadata.Uid } }, cancellationToken);
        }
        catch (ApiException settled) when (settled.IsNotFound || settled.IsConflict)
        {
            // Gone, or made anew.
            return;
        }
    }

    private static string? AccountOf(V1Secret secret) =>
        secret.Metadata.Annotations is { } annotations && annotations.TryGetValue(NameKey, out var name) && name.Length > 0 ? name : null;

    private static bool Belongs(V1Secret secret, V1ServiceAccount account) =>
        !secret.Metadata.Annotations.TryGetValue(UidKey, out var uid) || uid.Length == 0 || uid == account.Metadata.Uid;

    private static bool IsSame(V1Secret secret, Dictionary<string, byte[]> wanted, V1ServiceAccount account) =>
        secret.Data is { } data && wanted.All(pair => data.TryGetValue(pair.Key, out var value) && value.AsSpan().SequenceEqual(pair.Value))
        && secret.Metadata.Annotations.TryGetValue(UidKey, out var uid) && uid == account.Metadata.Uid;
}
