using Flotilla.Server.Admission;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authentication.Tokens;
using Flotilla.Server.Authorization.Nodes;
using Flotilla.Server.Authorization.Rbac;
using Flotilla.Server.Bootstrap.Rbac;
using Flotilla.Server.Identity;
using Flotilla.Server.Joining;
using Flotilla.Storage;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Authorization;

/// <summary>Who may come in and what they may do: the parts of it, joined.</summary>
public sealed class AccessControl : IAsyncDisposable
{
    private readonly RbacPolicies policies;
    private readonly NodeGraph graph;
    private readonly RevokedNodes revoked;
    private readonly OtherParties others;

    public AccessControl(ApiServerOptions options, IStore store, ClusterIdentity identity, TimeProvider time, ILoggerFactory loggers)
    {
        policies = new RbacPolicies(store, loggers.CreateLogger<RbacPolicies>());
        graph = new NodeGraph(store, loggers.CreateLogger<NodeGraph>());
        revoked = new RevokedNodes(store, loggers.CreateLogger<RevokedNodes>());
        var rbac = new RbacAuthorizer(policies);
        others = new OtherParties(options, time);
        Authorizer = new Authorizer([new NodeAuthorizer(graph, BuiltInRoles.RulesOfNodes), rbac, .. others.Authorizers]);
        Admission = [new EscalationGuard(Authorizer, rbac), new CertificateRequests(Authorizer, time), new ManagerTokenGuard()];
        Tokens = new TokenAuthenticators(
        [
            new ServiceAccountAuthenticator(store, identity.ServiceAccounts, time),
            new LegacyTokenAuthenticator(store, identity.ServiceAccounts, time),
            new BootstrapTokens(store, time),
            .. others.Tokens,
        ]);
        Certificates = new CertificateAuthenticator(() => identity.Authorities, revoked, time);
        Authenticator = new Authenticator(
            [
                new RequestHeaderAuthenticator(identity.ProxyCaCertificate, time),
                Certificates,
                new BearerAuthenticator(Tokens),
            ],
            new Impersonation(Authorizer));
    }

    public Authorizer Authorizer { get; }

    public Authenticator Authenticator { get; }

    public CertificateAuthenticator Certificates { get; }

    public TokenAuthenticators Tokens { get; }

    /// <summary>What is checked of writes that grant something.</summary>
    public IReadOnlyList<IAdmissionPlugin> Admission { get; }

    public Task StartAsync(CancellationToken cancellationToken) => policies.StartAsync(cancellationToken);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await graph.StopAsync(cancellationToken);
        await revoked.StopAsync(cancellationToken);
        await policies.StopAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        others.Dispose();
        graph.Dispose();
        revoked.Dispose();
        policies.Dispose();
        return ValueTask.CompletedTask;
    }
}
