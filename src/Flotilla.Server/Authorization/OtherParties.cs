using System.Net;
using Flotilla.Client;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authentication.OpenId;
using Flotilla.Server.Authentication.Webhooks;
using Flotilla.Server.Authorization.Webhooks;

namespace Flotilla.Server.Authorization;

/// <summary>Servers outside the cluster that have a say in who comes in and what they may do, as far as they are configured.</summary>
internal sealed class OtherParties : IDisposable
{
    private readonly List<IDisposable> owned = [];

    public OtherParties(ApiServerOptions options, TimeProvider time)
    {
        var tokens = new List<ITokenAuthenticator>();
        if (options.OpenId is { } openId)
        {
            var http = Own(new HttpMessageInvoker(HandlerFor(openId)));
            tokens.Add(Own(new OpenIdAuthenticator(openId, http, time)));
        }

        if (options.TokenWebhookFile is { } tokenFile)
        {
            tokens.Add(new TokenWebhook(Own(RemoteReviewer.Load(tokenFile, time)), time));
        }

        Tokens = tokens;
        Authorizers = options.AuthorizationWebhookFile is { } file ? [new AuthorizationWebhook(Own(RemoteReviewer.Load(file, time)), time)] : [];
    }

    public IReadOnlyList<ITokenAuthenticator> Tokens { get; }

    public IReadOnlyList<IAuthorizer> Authorizers { get; }

    public void Dispose() => owned.ForEach(part => part.Dispose());

    private static LostConnectionHandler HandlerFor(OpenIdOptions options)
    {
        if (options.Issuer.Scheme != Uri.UriSchemeHttps)
        {
            throw new InvalidDataException($"The issuer {options.Issuer} must be reached over https.");
        }

        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.All };
        if (options.CaFile is { } file)
        {
            handler.SslOptions.CertificateChainPolicy = TrustedCertificates.PolicyFor(File.ReadAllText(file));
        }

        return new LostConnectionHandler(handler);
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        owned.Add(part);
        return part;
    }
}
