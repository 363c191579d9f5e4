using System.Text;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Storage.Etcd.Members;

namespace Flotilla.Tests.Joining;

public sealed class ServerPackageTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-package-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void What_servers_must_agree_on_and_the_files_of_a_foreign_etcd_arrive()
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(There.IdentityDirectory).FullName, "ca.key"), "the key");
        File.WriteAllText(Path.Combine(There.IdentityDirectory, "server.key"), "of that machine");
        File.WriteAllText(Path.Combine(There.IdentityDirectory, "client.pem"), "of a node");
        var ca = Path.Combine(directory.FullName, "elsewhere.crt");
        File.WriteAllText(ca, "the authority");
        var there = There with { PodCidr = "10.9.0.0/16", Datastore = new DatastoreSettings { Endpoints = ["https://10.0.0.1:2379"], CaFile = ca } };

        var package = ServerPackage.FromJson(ServerPackage.For(there, null).ToJson());
        var here = package.ApplyTo(Here);

        Assert.Equal("ca.key", Assert.Single(package.Keys).Key);
        Assert.Equal("the key", Encoding.UTF8.GetString(package.Keys["ca.key"]));
        Assert.Equal(("10.9.0.0/16", 7443), (here.PodCidr, here.ApiPort));
        Assert.Equal(["https://10.0.0.1:2379"], here.Datastore.Endpoints);
        Assert.Equal((Path.Combine(Here.IdentityDirectory, "datastore-ca.crt"), null), (here.Datastore.CaFile, here.Datastore.CertFile));
        Assert.Equal("the authority", Encoding.UTF8.GetString(Assert.Single(package.Datastore.Files).Value));
    }

    [Fact]
    public void The_servers_own_etcd_is_joined_by_a_ticket()
    {
        var authority = Directory.CreateDirectory(Path.Combine(There.IdentityDirectory, "etcd")).FullName;
        File.WriteAllText(Path.Combine(authority, "ca.crt"), "the authority");
        File.WriteAllText(Path.Combine(authority, "ca.key"), "its key");
        var there = There with { Datastore = new DatastoreSettings { Etcd = new ManagedEtcdSettings() } };
        var package = ServerPackage.FromJson(ServerPackage.For(there, new JoinTicket(7, "a=https://10.0.0.1:2380,b=https://10.0.0.2:2380", [new Uri("https://10.0.0.1:2379")])).ToJson());

        Assert.Equal("a=https://10.0.0.1:2380,b=https://10.0.0.2:2380", package.ApplyTo(Here).Datastore.Etcd!.InitialCluster);
        Assert.Equal("its key", Encoding.UTF8.GetString(package.Datastore.EtcdKeys["ca.key"]));
    }

    [Fact]
    public void A_machine_that_was_told_otherwise_is_refused()
    {
        Directory.CreateDirectory(There.IdentityDirectory);
        var package = ServerPackage.For(There, null);
        Assert.Equal("--pod-cidr is 10.244.0.0/16 in this cluster, and 10.8.0.0/16 cannot be; leave it out.", Assert.Throws<UserError>(() => package.ApplyTo(Here with { PodCidr = "10.8.0.0/16" })).Message);
    }

    private ClusterSettings There => new() { RunDirectory = "/run/there", DataDirectory = Path.Combine(directory.FullName, "there") };

    private ClusterSettings Here => new() { RunDirectory = "/run/here", DataDirectory = Path.Combine(directory.FullName, "here"), ApiPort = 7443 };
}
