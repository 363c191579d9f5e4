using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Authentication.Webhooks;

/// <summary>Asks another server, described by a kubeconfig file, to fill in the status of a review.</summary>
public sealed class RemoteReviewer : IDisposable
{
    private const int MaxAnswerBytes = 1024 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Uri address;
    private readonly HttpMessageInvoker http;
    private readonly string? token;
    private readonly TimeProvider time;

    private RemoteReviewer(JsonObject cluster, JsonObject user, string directory, TimeProvider time)
    {
        this.time = time;
        address = new Uri(cluster.String("server") ?? throw new InvalidDataException("The webhook's configuration names no server."));
        token = user.String("token");
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false };
        if (Pem(cluster, "certificate-authority", directory) is { } authority)
        {
            handler.SslOptions.CertificateChainPolicy = TrustedCertificates.PolicyFor(authority);
        }

        if (cluster.Boolean("insecure-skip-tls-verify") == true)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }

        if (Pem(user, "client-certificate", directory) is { } certificate && Pem(user, "client-key", directory) is { } key)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate, key), null);
        }

        http = new HttpMessageInvoker(new LostConnectionHandler(handler));
    }

    /// <exception cref="InvalidDataException">Not a kubeconfig, or one without a server.</exception>
    public static RemoteReviewer Load(string file, TimeProvider time)
    {
        var config = YamlReader.Parse(File.ReadAllBytes(file)) as JsonObject ?? throw new InvalidDataException($"{file} is no kubeconfig.");
        var current = config.Objects("contexts").FirstOrDefault(item => item.String("name") == config.String("current-context")).Object("context");
        var cluster = config.Objects("clusters").FirstOrDefault(item => current is null || item.String("name") == current.String("cluster")).Object("cluster");
        var user = config.Objects("users").FirstOrDefault(item => current is null || item.String("name") == current.String("user")).Object("user");
        return new RemoteReviewer(cluster ?? [], user ?? [], Path.GetDirectoryName(Path.GetFullPath(file))!, time);
    }

    /// <returns>The review's status.</returns>
    /// <exception cref="HttpRequestException">No answer, or none of success.</exception>
    public async Task<JsonObject> AskAsync(JsonObject review, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(StoredObject.Serialize(review)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        try
        {
            using var response = await http.SendAsync(request, either.Token);
            response.EnsureSuccessStatusCode();
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, either.Token);
            var answer = JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(either.Token));
            return answer.Object("status") ?? throw new HttpRequestException($"{address} answered without a status.");
        }
        catch (JsonException error)
        {
            throw new HttpRequestException($"{address} did not answer with JSON.", error);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{address} did not answer in time.");
        }
    }

    public void Dispose() => http.Dispose();

    private static string? Pem(JsonObject owner, string name, string directory) =>
        owner.String($"{name}-data") is { } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data))
        : owner.String(name) is { Length: > 0 } file ? File.ReadAllText(Path.Combine(directory, file))
        : null;
}
