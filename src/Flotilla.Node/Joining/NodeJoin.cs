using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;

namespace Flotilla.Node.Joining;

/// <summary>Makes this machine a member of a cluster, once; from then on it has an identity of its own.</summary>
public sealed class NodeJoin(NodeIdentity identity, ServerList servers, NodeOptions options, TimeProvider time)
{
    /// <summary>The name by which every API server proves itself; which machine it runs on does not matter.</summary>
    public static readonly Uri Server = new("https://kubernetes");

    // A server whose machine vanished without a word is given up after twice this, for the next one; a busy one is not.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(5);

    // Connections end before the certificate that they were opened with.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    /// <summary>Whether the identity can be used as it is.</summary>
    public bool HasIdentity => identity is { Authorities: not null, Client: { } client } && client.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime;

    /// <summary>As this node; any server will do.</summary>
    public HttpObjectClient Client() => ClientTrusting(() => identity.Authorities!);

    /// <summary>The same, which goes by other authorities than the machine does.</summary>
    public HttpObjectClient ClientTrusting(Func<X509Certificate2Collection> authorities) => new(new HttpObjectClientOptions
    {
        Server = Server,
        Authorities = authorities,
        Accepts = Accepts,
        ClientCertificate = () => identity.Client,
        Connect = servers.ConnectAsync,
        ConnectionLifetime = ConnectionLifetime,
        KeepAlive = KeepAlive,
        UserAgent = "kubelet",
    });

    /// <summary>As the account that all nodes share.</summary>
    public HttpObjectClient SharedClient(NodeAccountToken account) => new(new HttpObjectClientOptions
    {
        Server = Server,
        Authorities = () => identity.Authorities!,
        Accepts = Accepts,
        BearerToken = () => account.Current,
        Connect = servers.ConnectAsync,
        KeepAlive = KeepAlive,
        UserAgent = "flotilla-node",
    });

    private bool Accepts(X509Certificate2 server)
    {
        if (identity.Generation.Accepts(server))
        {
            return true;
        }

        servers.Doubt();
        return false;
    }

    /// <exception cref="JoinException">What is wrong, and what to do.</exception>
    public async Task BootstrapAsync(JoinToken token, CancellationToken cancellationToken)
    {
        var authority = await ServerGreeting.MeetAsync(servers.All[0], token, options.KubeletVersion, time, cancellationToken);
        X509Certificate2Collection authorities = [authority];
        using var client = new HttpObjectClient(new HttpObjectClientOptions
        {
            Server = Server,
            Authorities = () => authorities,
            BearerToken = () => token.Bearer,
            Connect = servers.ConnectAsync,
        });
        try
        {
            var pem = await CertificateRequests.ClientAsync(client, options.NodeName, options.CertificateLifetime, time, cancellationToken);
            identity.Forget();
            identity.SetAuthorities(authorities);
            identity.SetClient(pem);
        }
        catch (ApiException refused) when (refused.Code is (int)HttpStatusCode.Unauthorized or (int)HttpStatusCode.Forbidden)
        {
            throw new JoinException(await ProblemOfAsync(client, token, cancellationToken));
        }
        catch (HttpRequestException failure)
        {
            throw new JoinException($"The server at {ServerList.Text(servers.All[0])} cannot be talked to: {ServerGreeting.Reason(failure)}.");
        }
    }

    private static async Task<string> ProblemOfAsync(HttpObjectClient client, JoinToken token, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync(HttpMethod.Get, JoinToken.CheckPath, null, default, cancellationToken);
            return $"The token {token.Id} holds, but the cluster does not let machines join by it: its administrators have changed what tokens of workers may do.";
        }
        catch (ApiException problem)
        {
            return problem.Message;
        }
    }

    /// <summary>That the cluster still knows this node, and a server of it works with this agent.</summary>
    /// <exception cref="JoinException">It does not.</exception>
    public async Task CheckAsync(IObjectClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ClusterFacts.Namespace}/configmaps/{ClusterFacts.Name}", null, default, cancellationToken);
            var told = JsonNode.Parse(await client.SendAsync(HttpMethod.Get, "/version", null, default, cancellationToken));
            if (VersionSkew.Problem((string?)told?["gitVersion"], options.KubeletVersion) is { } unfit)
            {
                throw new JoinException(unfit);
            }
        }
        catch (ApiException refused) when (refused.Code == (int)HttpStatusCode.Unauthorized)
        {
            throw new JoinException(
                $"The cluster does not accept this machine as node {options.NodeName} any more: it was removed, its certificate expired, or the cluster's authority was rotated while it was away; join again with --token and a token of 'flotilla token create'.");
        }
    }
}
