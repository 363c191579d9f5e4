using System.Net.Http.Headers;
using System.Text;
using k8s.Models;

namespace Flotilla.Ingress.Tests.Proxying;

public sealed class AnnotationTests
{
    [Theory]
    [InlineData("/app(/|$)(.*)", "/$2", "/app/x/y?q=1", "/x/y?q=1")]
    [InlineData("/app(/|$)(.*)", "/$2", "/app", "/")]
    [InlineData("/old", "/new?from=old", "/old/x?q=1", "/new?from=old&q=1")]
    public async Task Paths_are_rewritten(string path, string target, string asked, string seen)
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path(path, "web", "ImplementationSpecific"))], ("rewrite-target", target)));

        Assert.Equal(seen, (await world.GetAsync("http://site.test" + asked))["target"]);
    }

    [Fact]
    public async Task Redirects_lead_elsewhere()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("root", [Given.Rule("root.test", Given.Path("/", "web"))], ("app-root", "/app")));
        await world.CreateAsync(Given.Ingress("gone", [Given.Rule("gone.test", Given.Path("/", "web"))], ("permanent-redirect", "https://example.com/")));

        var answer = await world.GetAsync("http://root.test/", answer => answer.Code == 302);
        Assert.Equal("/app", answer.Headers["Location"]);
        Assert.Equal(200, (await world.SendAsync(HttpMethod.Get, "http://root.test/app")).Code);
        answer = await world.GetAsync("http://gone.test/x", answer => answer.Code == 301);
        Assert.Equal("https://example.com/", answer.Headers["Location"]);
    }

    [Fact]
    public async Task Bodies_that_are_too_long_are_refused()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))], ("proxy-body-size", "8k")));
        await world.CreateAsync(Given.Ingress("usual", [Given.Rule("usual.test", Given.Path("/", "web"))]));
        await world.GetAsync("http://site.test/");
        await world.GetAsync("http://usual.test/");

        Assert.Equal(200, (await world.SendAsync(HttpMethod.Post, "http://site.test/", new ByteArrayContent(new byte[8192]))).Code);
        Assert.Equal(413, (await world.SendAsync(HttpMethod.Post, "http://site.test/", new ByteArrayContent(new byte[8193]))).Code);
        Assert.Equal(413, (await world.SendAsync(HttpMethod.Post, "http://site.test/", new StreamContent(new Unsized(100_000)))).Code);
        Assert.Equal(200, (await world.SendAsync(HttpMethod.Post, "http://usual.test/", new ByteArrayContent(new byte[1 << 20]))).Code);
        Assert.Equal(413, (await world.SendAsync(HttpMethod.Post, "http://usual.test/", new ByteArrayContent(new byte[(1 << 20) + 1]))).Code);
    }

    [Fact]
    public async Task Clients_that_ask_too_often_are_turned_away()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("slow", [Given.Rule("slow.test", Given.Path("/", "web"))], ("limit-rpm", "1"), ("limit-burst-multiplier", "3")));
        await world.CreateAsync(Given.Ingress("free", [Given.Rule("free.test", Given.Path("/", "web"))], ("limit-rpm", "1"), ("limit-whitelist", "127.0.0.0/8")));
        await world.GetAsync("http://free.test/");

        var codes = new List<int>();
        for (var i = 0; i < 6; i++)
        {
            codes.Add((await world.SendAsync(HttpMethod.Get, "http://slow.test/")).Code);
            Assert.Equal(200, (await world.SendAsync(HttpMethod.Get, "http://free.test/")).Code);
        }

        // One, and three at once on top of it.
        Assert.Equal([200, 200, 200, 200, 503, 503], codes);
    }

    [Fact]
    public async Task So_many_requests_of_a_client_at_a_time()
    {
        await using var world = await World.StartAsync();
        var pod = (await world.ServeAsync("web"))[0];
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))], ("limit-connections", "1")));
        await world.GetAsync("http://site.test/");

        var first = world.SendAsync(HttpMethod.Get, "http://site.test/wait");
        await World.UntilAsync(() => Task.FromResult(pod.Waiting), waiting => waiting == 1);
        Assert.Equal(503, (await world.SendAsync(HttpMethod.Get, "http://site.test/")).Code);
        pod.Gate.Release();
        Assert.Equal(200, (await first).Code);
        await world.GetAsync("http://site.test/");
    }

    [Fact]
    public async Task Clients_stay_with_their_pod_by_a_cookie()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web", pods: 3);
        await world.CreateAsync(Given.Ingress(
            "site", [Given.Rule("site.test", Given.Path("/", "web"))],
            ("affinity", "cookie"), ("session-cookie-name", "stay"), ("session-cookie-max-age", "60"), ("session-cookie-samesite", "Lax")));

        var first = await world.GetAsync("http://site.test/");
        var cookie = first.Headers["Set-Cookie"];
        Assert.EndsWith("; Max-Age=60; Path=/; HttpOnly; SameSite=Lax", cookie, StringComparison.Ordinal);
        for (var i = 0; i < 5; i++)
        {
            var again = await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Cookie", cookie.Split(';')[0]));
            Assert.Equal(first["backend"], again["backend"]);
            Assert.False(again.Headers.ContainsKey("Set-Cookie"));
        }

        Assert.True((await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Cookie", "stay=gone"))).Headers.ContainsKey("Set-Cookie"));
    }

    [Fact]
    public async Task Only_clients_of_the_named_networks_come_in()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress("in", [Given.Rule("in.test", Given.Path("/", "web"))], ("whitelist-source-range", "127.0.0.1, 10.0.0.0/8")));
        await world.CreateAsync(Given.Ingress("out", [Given.Rule("out.test", Given.Path("/", "web"))], ("allowlist-source-range", "10.0.0.0/8")));
        await world.CreateAsync(Given.Ingress("denied", [Given.Rule("denied.test", Given.Path("/", "web"))], ("denylist-source-range", "127.0.0.0/8")));
        await world.CreateAsync(Given.Ingress("wrong", [Given.Rule("wrong.test", Given.Path("/", "web"))], ("whitelist-source-range", "home")));

        await world.GetAsync("http://in.test/");
        foreach (var host in (string[])["out", "denied", "wrong"])
        {
            await world.GetAsync($"http://{host}.test/", answer => answer.Code == 403);
        }
    }

    [Fact]
    public async Task Passwords_come_from_a_Secret()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Secret("users", ("auth", "ann:$apr1$8sFt66rZ$wwvWAhoNG7CYAXTXKJNxq0\nbob:$6$x$y")));
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))], ("auth-type", "basic"), ("auth-secret", "users"), ("auth-realm", "Staff")));
        await world.CreateAsync(Given.Ingress("lost", [Given.Rule("lost.test", Given.Path("/", "web"))], ("auth-type", "basic"), ("auth-secret", "missing")));
        await world.CreateAsync(Given.Ingress("digest", [Given.Rule("digest.test", Given.Path("/", "web"))], ("auth-type", "digest"), ("auth-secret", "users")));

        var refused = await world.GetAsync("http://site.test/", answer => answer.Code == 401);
        Assert.Equal("Basic realm=\"Staff\"", refused.Headers["WWW-Authenticate"]);
        await world.GetAsync("http://site.test/", null, ("Authorization", Basic("ann", "secret pass")));
        Assert.Equal(401, (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Authorization", Basic("ann", "wrong")))).Code);
        Assert.Equal(401, (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Authorization", Basic("bob", "secret pass")))).Code);
        await world.GetAsync("http://lost.test/", answer => answer.Code == 503);
        await world.GetAsync("http://digest.test/", answer => answer.Code == 503);
        var events = await World.UntilAsync(world.EventsAsync, events => events.Count >= 6);
        Assert.Contains("Warning Rejected Ingress site: Secret default/users: the passwords of bob are hashed in a way that is not supported (use htpasswd with -B, -m or -s); they are not let in", events);
        Assert.Contains("Warning Rejected Ingress digest: annotation auth-type: only \"basic\" is supported, not \"digest\"; nobody is let in", events);
        Assert.Contains("Warning Rejected Ingress lost: Secret default/missing does not exist; nobody is let in", events);

        // A new version of the Secret counts at once.
        await world.Client.UpdateAsync(Given.Secret("users", ("auth", "eve:{PLAIN}e")), default);
        await world.GetAsync("http://site.test/", null, ("Authorization", Basic("eve", "e")));
        await world.GetAsync("http://site.test/", answer => answer.Code == 401, ("Authorization", Basic("ann", "secret pass")));
    }

    [Fact]
    public async Task A_canary_takes_those_who_say_so_and_a_share_of_the_rest()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("main");
        await world.ServeAsync("canary");
        await world.CreateAsync(Given.Ingress("main", [Given.Rule("site.test", Given.Path("/", "main")), Given.Rule("half.test", Given.Path("/", "main"))]));
        await world.CreateAsync(Given.Ingress(
            "by-name", [Given.Rule("site.test", Given.Path("/", "canary"))], ("canary", "true"), ("canary-by-header", "X-Canary"), ("canary-by-cookie", "canary")));
        await world.CreateAsync(Given.Ingress("by-weight", [Given.Rule("half.test", Given.Path("/", "canary"))], ("canary", "true"), ("canary-weight", "50")));

        await world.GetAsync("http://site.test/", answer => answer["backend"] == "canary-0", ("X-Canary", "always"));
        Assert.Equal("main-0", (await world.SendAsync(HttpMethod.Get, "http://site.test/"))["backend"]);
        Assert.Equal("canary-0", (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Cookie", "canary=always")))["backend"]);
        Assert.Equal("main-0", (await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Cookie", "canary=always"), ("X-Canary", "never")))["backend"]);
        await world.GetAsync("http://half.test/", answer => answer["backend"] == "canary-0");
        await world.GetAsync("http://half.test/", answer => answer["backend"] == "main-0");
    }

    [Fact]
    public async Task Headers_are_added_and_pages_of_other_origins_may_ask()
    {
        await using var world = await World.StartAsync();
        await world.ServeAsync("web");
        await world.CreateAsync(Given.Ingress(
            "site",
            [Given.Rule("site.test", Given.Path("/", "web"))],
            ("upstream-vhost", "inside.test"), ("x-forwarded-prefix", "/p"), ("enable-cors", "true"), ("cors-allow-origin", "https://*.origin.test, http://one.test"))
            .With(ingress =>
            {
                ingress.Metadata.Annotations["flotilla.dev/request-headers"] = "X-From: ingress\nbroken";
                ingress.Metadata.Annotations["flotilla.dev/response-headers"] = "X-Frame-Options: DENY";
            }));

        var answer = await world.GetAsync("http://site.test/", null, ("Origin", "https://a.origin.test"));
        Assert.Equal("inside.test", answer["Host"]);
        Assert.Equal("/p", answer["X-Forwarded-Prefix"]);
        Assert.Equal("ingress", answer["X-From"]);
        Assert.Equal("DENY", answer.Headers["X-Frame-Options"]);
        Assert.Equal("https://a.origin.test", answer.Headers["Access-Control-Allow-Origin"]);
        var question = await world.SendAsync(HttpMethod.Options, "http://site.test/", null, ("Origin", "http://one.test"), ("Access-Control-Request-Method", "PUT"));
        Assert.Equal((204, "1728000"), (question.Code, question.Headers["Access-Control-Max-Age"]));
        Assert.False((await world.SendAsync(HttpMethod.Get, "http://site.test/", null, ("Origin", "https://evil.test"))).Headers.ContainsKey("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Pods_that_do_not_answer_in_time_are_given_up()
    {
        await using var world = await World.StartAsync();
        var pod = (await world.ServeAsync("web"))[0];
        await world.CreateAsync(Given.Ingress("site", [Given.Rule("site.test", Given.Path("/", "web"))], ("proxy-read-timeout", "1"), ("proxy-send-timeout", "1")));
        await world.GetAsync("http://site.test/");

        Assert.Equal(504, (await world.SendAsync(HttpMethod.Get, "http://site.test/wait")).Code);
        pod.Gate.Release();
    }

    private static string Basic(string user, string password) =>
        new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))).ToString();

    /// <summary>A body whose length nobody knows beforehand.</summary>
    private sealed class Unsized(int length) : MemoryStream(new byte[length])
    {
        public override bool CanSeek => false;
    }
}
