using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Flotilla.Ingress.Tests.Proxying;

/// <summary>Pods that are spoken to in TLS, and must prove themselves where an Ingress says so.</summary>
public sealed class BackendTlsTests : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 authority;

    public BackendTlsTests()
    {
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    public void Dispose()
    {
        authority.Dispose();
        key.Dispose();
    }

    [Fact]
    public async Task A_pod_of_the_authority_and_the_name_is_served_and_any_other_is_not()
    {
        await using var world = await World.StartAsync();
        await using var right = await SecureAsync(world, "right", Issue("pod.example"));
        await world.CreateAsync(Given.Secret("proof", ("ca.crt", authority.ExportCertificatePem())));
        await ExposeAsync(world, "open", ("backend-protocol", "HTTPS"));
        await ExposeAsync(world, "checked", ("proxy-ssl-name", "pod.example"), ("proxy-ssl-verify", "on"), ("proxy-ssl-server-name", "on"));
        await ExposeAsync(world, "other", ("proxy-ssl-name", "other.example"), ("proxy-ssl-verify", "on"));
        await ExposeAsync(world, "unchecked", ("proxy-ssl-name", "other.example"));

        Assert.Equal("right", (await world.GetAsync("http://open.test/"))["backend"]);
        Assert.Equal("pod.example", (await world.GetAsync("http://checked.test/"))["server-name"]);
        Assert.Equal("", (await world.GetAsync("http://unchecked.test/"))["server-name"]);
        await world.GetAsync("http://other.test/", answer => answer.Code == 502);

        // Another authority: what was right is no more, without a new Ingress.
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", stranger, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var other = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await world.CreateAsync(Given.Secret("later", ("ca.crt", other.ExportCertificatePem())));
        await world.CreateAsync(Given.Ingress(
            "later", [Given.Rule("later.test", Given.Path("/", "right"))], ("backend-protocol", "HTTPS"), ("proxy-ssl-secret", "default/later"), ("proxy-ssl-name", "pod.example"), ("proxy-ssl-verify", "on")));
        await world.GetAsync("http://later.test/", answer => answer.Code == 502);
    }

    [Fact]
    public async Task A_pod_is_shown_the_certificate_of_the_Secret()
    {
        await using var world = await World.StartAsync();
        await using var right = await SecureAsync(world, "right", Issue("pod.example"));
        using var own = Issue("proxy.example");
        await world.CreateAsync(Given.Secret("proof", ("tls.crt", own.ExportCertificatePem()), ("tls.key", own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem())));
        await ExposeAsync(world, "site");
        Assert.Equal("CN=proxy.example", (await world.GetAsync("http://site.test/"))["client"]);
    }

    [Fact]
    public async Task Without_a_Secret_to_check_by_nobody_is_served()
    {
        await using var world = await World.StartAsync();
        await using var right = await SecureAsync(world, "right", Issue("pod.example"));
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "right"))], ("backend-protocol", "HTTPS"), ("proxy-ssl-verify", "on")));
        await world.CreateAsync(Given.Ingress(
            "foreign", [Given.Rule("foreign.test", Given.Path("/", "right"))], ("backend-protocol", "HTTPS"), ("proxy-ssl-secret", "kube-system/proof")));
        await world.GetAsync("http://site.test/", answer => answer.Code == 503);
        await world.GetAsync("http://foreign.test/", answer => answer.Code == 503);
    }

    private static async Task<EchoBackend> SecureAsync(World world, string service, X509Certificate2 certificate)
    {
        var pod = await EchoBackend.StartAsync(service, certificate: certificate);
        await world.CreateAsync(Given.Slice(service, service, pod.Port));
        await world.CreateAsync(Given.Service(service));
        return pod;
    }

    private static Task ExposeAsync(World world, string name, params (string Name, string Value)[] annotations) => world.CreateAsync(Given.Ingress(
        name,
        [Given.Rule($"{name}.test", Given.Path("/", "right"))],
        annotations.Any(one => one.Name == "backend-protocol") ? annotations : [("backend-protocol", "HTTPS"), ("proxy-ssl-secret", "default/proof"), .. annotations]));

    private X509Certificate2 Issue(string host)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        using var whole = signed.CopyWithPrivateKey(own);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }
}
